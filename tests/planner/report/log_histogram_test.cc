#include "planner/sim/report/log_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace braid {
namespace {

double ExactQuantile(const std::vector<std::int64_t>& sorted, double q) {
  const double wanted = std::ceil(q * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[static_cast<std::size_t>(std::max(1.0, wanted)) - 1]);
}

TEST(LogHistogram, QuantilesAreWithinHalfAPercentOverAllMagnitudes) {
  for (const int max_bits : {6, 12, 30, 45, 62}) {
    std::mt19937_64 random(static_cast<std::uint64_t>(max_bits));
    LogHistogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t bits = random() % static_cast<std::uint64_t>(max_bits) + 1;
      const auto value = static_cast<std::int64_t>(random() >> (64 - bits));
      values.push_back(value);
      histogram.Add(value);
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const double exact = ExactQuantile(values, q);
      EXPECT_NEAR(histogram.Quantile(q), exact, 0.005 * exact) << max_bits << " " << q;
    }
  }
}

TEST(LogHistogram, IsExactForSmallValues) {
  LogHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Add(i);
  EXPECT_EQ(histogram.Quantile(0.5), 50);
  EXPECT_EQ(histogram.Quantile(0.9), 90);
  EXPECT_EQ(histogram.Quantile(0.99), 99);
  EXPECT_EQ(histogram.Quantile(1), 100);
  EXPECT_EQ(histogram.Mean(), 50.5);
  EXPECT_EQ(histogram.max(), 100);
}

TEST(LogHistogram, OfOneValueIsThatValue) {
  LogHistogram histogram;
  histogram.Add(123'456'789);
  EXPECT_EQ(histogram.Quantile(0.5), 123'456'789);
  EXPECT_EQ(histogram.Mean(), 123'456'789);
}

TEST(LogHistogram, TakesTheLargestAndTheSmallestIntegers) {
  LogHistogram histogram;
  histogram.Add(std::numeric_limits<std::int64_t>::max());
  histogram.Add(std::numeric_limits<std::int64_t>::min());
  histogram.Add(0);
  EXPECT_EQ(histogram.count(), 3);
  EXPECT_EQ(histogram.Quantile(0.3), 0);
  EXPECT_NEAR(histogram.Quantile(1), 0x1p63, 0x1p63 * 0.005);
}

TEST(LogHistogram, OfNothingIsZero) {
  const LogHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), 0);
  EXPECT_EQ(histogram.Mean(), 0);
}

}  // namespace
}  // namespace braid
