#include "planner/sim/workload/length_sampler.h"
#include "planner/sim/workload/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

namespace braid {
namespace {

constexpr int kDraws = 200'000;

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Draw>
Moments MomentsOf(Draw draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {.mean = mean, .variance = squares / kDraws - mean * mean};
}

TEST(Random, SameSeedAndStreamGiveTheSameNumbers) {
  Random a(7, 1);
  Random b(7, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
}

TEST(Random, AnotherSeedOrStreamGivesOthers) {
  EXPECT_NE(Random(7, 1).Next(), Random(8, 1).Next());
  EXPECT_NE(Random(7, 1).Next(), Random(7, 2).Next());
}

TEST(Random, BelowReachesEveryValueAlike) {
  Random random(0, 0);
  std::array<int, 7> counts = {};
  for (int i = 0; i < 70'000; ++i) ++counts[random.Below(counts.size())];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(Random, UnitStaysInsideItsEnds) {
  Random random(1, 0);
  for (int i = 0; i < kDraws; ++i) {
    const double unit = random.Unit();
    ASSERT_GT(unit, 0.0);
    ASSERT_LT(unit, 1.0);
  }
}

TEST(Random, ExponentialHasMeanAndVarianceOne) {
  Random random(2, 0);
  const Moments moments = MomentsOf([&] { return random.Exponential(); });
  EXPECT_NEAR(moments.mean, 1, 0.01);
  EXPECT_NEAR(moments.variance, 1, 0.03);
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  Random random(3, 0);
  const Moments moments = MomentsOf([&] { return random.Normal(); });
  EXPECT_NEAR(moments.mean, 0, 0.01);
  EXPECT_NEAR(moments.variance, 1, 0.02);
}

TEST(Random, GammaHasMeanOneAndTheVariationAskedFor) {
  for (const double cv : {0.2, 1.0, 2.0, 3.0}) {
    Random random(4, 0);
    const Moments moments = MomentsOf([&] { return random.Gamma(cv); });
    EXPECT_NEAR(moments.mean, 1, 0.012 * cv + 0.002) << cv;
    EXPECT_NEAR(std::sqrt(moments.variance), cv, 0.04 * cv) << cv;
  }
}

TEST(LengthSampler, FixedIsAlwaysItsLength) {
  Random random(0, 0);
  const LengthSampler sampler({.kind = LengthKind::kFixed, .min = 17});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sampler.Draw(random), 17);
}

TEST(LengthSampler, UniformReachesBothEndsAndNothingBeyond) {
  Random random(0, 0);
  const LengthSampler sampler({.kind = LengthKind::kUniform, .min = 5, .max = 8});
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < 40'000; ++i) ++counts[sampler.Draw(random)];
  ASSERT_EQ(counts.size(), 4U);
  for (const auto& [length, count] : counts) EXPECT_NEAR(count, 10'000, 400) << length;
}

// Every single length has its exact share, at the ends too.
void ExpectZipf(double alpha, std::int64_t min, std::int64_t max) {
  Random random(11, 0);
  const LengthSampler sampler({.kind = LengthKind::kZipf, .min = min, .max = max, .alpha = alpha});
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.Draw(random)];
  double total = 0;
  for (std::int64_t x = min; x <= max; ++x) total += std::pow(static_cast<double>(x), -alpha);
  EXPECT_GE(counts.begin()->first, min);
  EXPECT_LE(counts.rbegin()->first, max);
  for (std::int64_t x = min; x <= max; ++x) {
    const double expected = kDraws * std::pow(static_cast<double>(x), -alpha) / total;
    EXPECT_NEAR(counts[x], expected, 5 * std::sqrt(expected) + 1) << alpha << " at " << x;
  }
}

TEST(LengthSampler, ZipfGivesEveryLengthItsWeight) {
  ExpectZipf(1.0, 10, 60);
  ExpectZipf(1.4, 1, 40);
  ExpectZipf(0.0, 3, 9);
  ExpectZipf(1.0 + 1e-9, 2, 20);
  ExpectZipf(3.0, 1, 10);
}

TEST(LengthSampler, ZipfOfOneLengthIsThatLength) {
  Random random(0, 0);
  const LengthSampler sampler({.kind = LengthKind::kZipf, .min = 9, .max = 9, .alpha = 1.2});
  EXPECT_EQ(sampler.Draw(random), 9);
}

TEST(LengthSampler, ZipfOverTheWidestRangeStaysWithinIt) {
  for (const double alpha : {0.0, 1.0, 1.4, 20.0}) {
    Random random(0, 0);
    const LengthSampler sampler(
        {.kind = LengthKind::kZipf, .min = 1, .max = kMaxRequestTokens, .alpha = alpha});
    for (int i = 0; i < 1'000; ++i) {
      const std::int64_t length = sampler.Draw(random);
      ASSERT_GE(length, 1) << alpha;
      ASSERT_LE(length, kMaxRequestTokens) << alpha;
    }
  }
}

TEST(LengthSampler, LogNormalHasItsMedianAndSpread) {
  Random random(5, 0);
  const LengthSampler sampler({.kind = LengthKind::kLogNormal,
                               .min = 1,
                               .max = kMaxRequestTokens,
                               .median = 10'000,
                               .sigma = 0.5});
  const Moments moments =
      MomentsOf([&] { return std::log(static_cast<double>(sampler.Draw(random))); });
  EXPECT_NEAR(moments.mean, std::log(10'000), 0.01);
  EXPECT_NEAR(std::sqrt(moments.variance), 0.5, 0.01);
}

TEST(LengthSampler, LogNormalOutsideItsRangeEndsAtTheNearerEnd) {
  Random random(5, 0);
  const LengthSampler sampler(
      {.kind = LengthKind::kLogNormal, .min = 100'000, .max = 200'000, .median = 10, .sigma = 0.1});
  EXPECT_EQ(sampler.Draw(random), 100'000);
}

}  // namespace
}  // namespace braid
