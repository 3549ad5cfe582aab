#include "runtime/rope_frequencies.h"

#include <gtest/gtest.h>

#include <cmath>

namespace braid {
namespace {

RopeSpec Rope(float theta, std::int32_t rotated_dims) {
  RopeSpec rope;
  rope.theta = theta;
  rope.rotated_dims = rotated_dims;
  return rope;
}

void ExpectNear(const std::vector<float>& frequencies, const std::vector<double>& expected) {
  ASSERT_EQ(frequencies.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // Half a unit in the last place of f32.
    EXPECT_NEAR(double{frequencies[i]}, expected[i], expected[i] * 6.0e-8) << "pair " << i;
  }
}

TEST(RopeFrequencies, FallGeometricallyFromOne) {
  ExpectNear(RopeFrequencies(Rope(10000.0F, 8)), {1.0, 0.1, 0.01, 0.001});
  // 10000^(-2/6) = 10^(-4/3).
  ExpectNear(RopeFrequencies(Rope(10000.0F, 6)), {1.0, 0.046415888336127795, 0.002154434690031884});
}

TEST(RopeFrequencies, AreNoneWhereNothingIsRotated) {
  EXPECT_TRUE(RopeFrequencies(Rope(10000.0F, 0)).empty());
}

TEST(RopeFrequencies, AreDividedByTheFactorWhereScalingIsLinear) {
  RopeSpec rope = Rope(10000.0F, 8);
  rope.scaling = RopeScaling::kLinear;
  rope.factor = 4.0F;
  ExpectNear(RopeFrequencies(rope), {0.25, 0.025, 0.0025, 0.00025});
}

// Llama 3.1's own numbers. Trained context
// 8192: within it a pair of frequency f turns 8192 f / 2 pi times.
//   f = 1 to 0.01  1303.8 to 13.04 turns, above 4: kept
//   f = 0.001      1.304 turns, between 1 and 4: kept share (1.3037972938088067 - 1) / 3
//                  = 0.10126576460293556; f = (0.89873423539706444 / 8 + 0.10126576460293556) *
//                  1e-3
//   f = 0.0001     0.1304 turns, below 1: divided by 8
TEST(RopeFrequencies, AreStretchedByWavelengthWhereScalingIsLlama3) {
  RopeSpec rope = Rope(1.0e5F, 10);
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = 8.0F;
  rope.low_frequency_factor = 1.0F;
  rope.high_frequency_factor = 4.0F;
  rope.original_context = 8192;
  ExpectNear(RopeFrequencies(rope), {1.0, 0.1, 0.01, 0.00021360754402756863, 0.0000125});
}

// One pair of frequency 1 turns original_context / 2 pi times: 5.09, 1.114 and 0.955.
TEST(RopeFrequencies, ChangeFromKeptToStretchedBetweenTheTwoFactorsOfLlama3) {
  RopeSpec rope = Rope(10000.0F, 2);
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = 8.0F;
  rope.low_frequency_factor = 1.0F;
  rope.high_frequency_factor = 4.0F;
  rope.original_context = 32;
  ExpectNear(RopeFrequencies(rope), {1.0});
  rope.original_context = 7;
  ExpectNear(RopeFrequencies(rope), {0.15827467547928636});
  rope.original_context = 6;
  ExpectNear(RopeFrequencies(rope), {0.125});
}

TEST(RopeFrequencies, AreDividedByTheFactorsThatTheFileStores) {
  RopeSpec rope = Rope(10000.0F, 8);
  rope.frequency_factors = {1.0F, 2.0F, 4.0F, 8.0F};
  ExpectNear(RopeFrequencies(rope), {1.0, 0.05, 0.0025, 0.000125});
  rope.scaling = RopeScaling::kLinear;
  rope.factor = 2.0F;
  ExpectNear(RopeFrequencies(rope), {0.5, 0.025, 0.00125, 0.0000625});
}

}  // namespace
}  // namespace braid
