#include "planner/sim/workload/arrival_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace braid {
namespace {

std::vector<std::int64_t> Arrivals(ArrivalKind kind, double rate, std::int64_t count,
                                   double cv = 1) {
  ArrivalProcess process(
      {.arrivals = {.kind = kind, .cv = cv}, .rate = rate, .num_requests = count, .seed = 3});
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < count; ++i) result.push_back(process.Next());
  return result;
}

double VariationOfGaps(const std::vector<std::int64_t>& arrivals) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const auto gap = static_cast<double>(arrivals[i] - arrivals[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const auto count = static_cast<double>(arrivals.size() - 1);
  const double mean = sum / count;
  return std::sqrt(squares / count - mean * mean) / mean;
}

TEST(ArrivalProcess, BeginsAtZeroAndNeverGoesBack) {
  for (const ArrivalKind kind : {ArrivalKind::kPoisson, ArrivalKind::kGamma, ArrivalKind::kStatic,
                                 ArrivalKind::kBurst, ArrivalKind::kLoongServe}) {
    const auto arrivals = Arrivals(kind, 1000, 5'000);
    EXPECT_EQ(arrivals.front(), 0);
    for (std::size_t i = 1; i < arrivals.size(); ++i) ASSERT_GE(arrivals[i], arrivals[i - 1]);
  }
}

TEST(ArrivalProcess, PoissonHasItsRateAndUnitVariation) {
  const auto arrivals = Arrivals(ArrivalKind::kPoisson, 5, 100'000);
  EXPECT_NEAR(static_cast<double>(arrivals.back()) * 1e-9, 20'000, 200);
  EXPECT_NEAR(VariationOfGaps(arrivals), 1, 0.02);
}

TEST(ArrivalProcess, GammaHasItsRateAndVariation) {
  const auto arrivals = Arrivals(ArrivalKind::kGamma, 5, 100'000, 3);
  EXPECT_NEAR(static_cast<double>(arrivals.back()) * 1e-9, 20'000, 600);
  EXPECT_NEAR(VariationOfGaps(arrivals), 3, 0.1);
}

TEST(ArrivalProcess, StaticGapsDoNotDrift) {
  const auto arrivals = Arrivals(ArrivalKind::kStatic, 3, 3'001);
  EXPECT_EQ(arrivals[1], 333'333'333);
  EXPECT_EQ(arrivals[3'000], 1'000'000'000'000);
}

TEST(ArrivalProcess, BurstArrivesAllAtOnce) {
  for (const std::int64_t arrival : Arrivals(ArrivalKind::kBurst, 3, 100)) EXPECT_EQ(arrival, 0);
}

TEST(ArrivalProcess, LoongServesLastRequestLandsExactlyAtCountOverRate) {
  EXPECT_EQ(Arrivals(ArrivalKind::kLoongServe, 4, 1'000).back(), 250'000'000'000);
  EXPECT_EQ(Arrivals(ArrivalKind::kLoongServe, 8, 2).back(), 250'000'000);
  EXPECT_EQ(Arrivals(ArrivalKind::kLoongServe, 8, 1).back(), 0);
}

TEST(ArrivalProcess, LoongServesGapsAreThoseOfPoissonStretched) {
  const auto poisson = Arrivals(ArrivalKind::kPoisson, 10, 500);
  const auto stretched = Arrivals(ArrivalKind::kLoongServe, 10, 500);
  const double factor = static_cast<double>(stretched.back()) / static_cast<double>(poisson.back());
  for (std::size_t i = 0; i < poisson.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(stretched[i]), static_cast<double>(poisson[i]) * factor, 600);
  }
}

TEST(ArrivalProcess, AbsurdlyLongGapsEndAtTheLastMomentOfTheClock) {
  const auto arrivals = Arrivals(ArrivalKind::kGamma, 1e-6, 1'000, 100);
  EXPECT_LE(arrivals.back(), kLastArrivalNs);
}

}  // namespace
}  // namespace braid
