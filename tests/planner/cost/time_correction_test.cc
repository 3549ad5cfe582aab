#include "planner/cost/time_correction.h"

#include <gtest/gtest.h>

#include <random>

namespace braid {
namespace {

constexpr std::int64_t kMs = 1'000'000;

void LearnOften(TimeCorrection& correction, std::int64_t predicted, std::int64_t actual) {
  for (int i = 0; i < 100; ++i) correction.Learn(predicted, actual);
}

TEST(TimeCorrection, LeavesTimesAloneUntilItLearns) {
  const TimeCorrection correction;
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{1}, 7 * kMs, kMs * kMs * 1000}) {
    EXPECT_EQ(correction.Apply(ns), ns);
  }
  EXPECT_EQ(correction.changes(), 0U);
}

TEST(TimeCorrection, WhatWasSeenCountsForTimesNearIt) {
  TimeCorrection correction;
  LearnOften(correction, 3 * kMs, 4 * kMs);
  EXPECT_NEAR(static_cast<double>(correction.Apply(3 * kMs)) / (4.0 * kMs), 1, 0.001);
  EXPECT_NEAR(static_cast<double>(correction.Apply(300 * kMs)) / (400.0 * kMs), 1, 0.01);
  EXPECT_NEAR(static_cast<double>(correction.Apply(3'000)) / 4'000.0, 1, 0.01);
}

TEST(TimeCorrection, ShortAndLongStepsMayBeWrongInDifferentWays) {
  TimeCorrection correction;
  for (int i = 0; i < 100; ++i) {
    correction.Learn(1 * kMs, 2 * kMs);
    correction.Learn(1000 * kMs, 1100 * kMs);
  }
  EXPECT_NEAR(static_cast<double>(correction.Apply(1 * kMs)) / (2.0 * kMs), 1, 0.01);
  EXPECT_NEAR(static_cast<double>(correction.Apply(1000 * kMs)) / (1100.0 * kMs), 1, 0.01);
}

TEST(TimeCorrection, OneObservationMovesAnEighthOfTheWayWherever) {
  for (std::int64_t ns = kMs; ns < 2 * kMs; ns += kMs / 16) {
    TimeCorrection correction;
    correction.Learn(ns, 2 * ns);
    EXPECT_NEAR(static_cast<double>(correction.Apply(ns)) / static_cast<double>(ns), 1.125, 0.001);
  }
}

TEST(TimeCorrection, NeverGoesBeyondTwofoldNorTurnsTimesAround) {
  TimeCorrection correction;
  std::mt19937_64 random(17);
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<std::int64_t>(1 + (random() >> (20 + random() % 40)));
    correction.Learn(ns, random() % 2 == 0 ? 1 : 1'000'000 * kMs);
  }
  std::int64_t before = 0;
  for (std::int64_t ns = 1; ns < 1'000'000 * kMs; ns += 1 + ns / 50) {
    const std::int64_t corrected = correction.Apply(ns);
    ASSERT_GE(corrected, ns / 2);
    ASSERT_LE(corrected, 2 * ns);
    ASSERT_GE(corrected, before);
    before = corrected;
  }
}

TEST(TimeCorrection, CountsChangesOfMoreThanAHundredth) {
  TimeCorrection correction;
  LearnOften(correction, kMs, kMs * 1005 / 1000);
  EXPECT_EQ(correction.changes(), 0U);
  LearnOften(correction, kMs, kMs * 3 / 2);
  const std::uint64_t learned = correction.changes();
  EXPECT_GT(learned, 10U);
  LearnOften(correction, kMs, kMs * 3 / 2);
  EXPECT_EQ(correction.changes(), learned) << "settled";
}

}  // namespace
}  // namespace braid
