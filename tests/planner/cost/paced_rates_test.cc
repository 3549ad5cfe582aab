#include "planner/cost/paced_rates.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace braid {
namespace {

constexpr std::int64_t kFull = ContentionMatrix::kOne;

StrandShape Decode() {
  return {.step_ns = 10'000'000, .compute_ns = 9'000'000, .network_ns = 1'000'000, .num_turns = 64};
}

StrandShape Prefill() {
  return {
      .step_ns = 100'000'000, .compute_ns = 90'000'000, .network_ns = 10'000'000, .num_turns = 64};
}

std::vector<std::int64_t> Rates(std::int64_t period_ns) {
  const PacedStrand strands[] = {{.shape = Decode(), .period_ns = period_ns}, {.shape = Prefill()}};
  return PacedRates(strands, {});
}

TEST(PacedRates, AreApproximateRatesWhereNobodyPauses) {
  const StrandShape shapes[] = {Decode(), Prefill()};
  EXPECT_EQ(Rates(0), ApproximateRates(shapes, {}));
  EXPECT_EQ(Rates(Decode().step_ns), ApproximateRates(shapes, {}));
}

TEST(PacedRates, LeaveTheRanksToTheOthersDuringPauses) {
  const std::vector<std::int64_t> rare = Rates(1'000 * Decode().step_ns);
  EXPECT_EQ(rare[0], kFull);
  EXPECT_GE(rare[1], kFull - 2);
  // Half of the time beside the passes, half without them, within what the passes are stretched.
  const StrandShape shapes[] = {Decode(), Prefill()};
  const std::int64_t beside = ApproximateRates(shapes, {})[1];
  const std::int64_t half = Rates(2 * Decode().step_ns)[1];
  EXPECT_LE(half, (beside + kFull) / 2 + 1);
  EXPECT_GE(half, (2 * beside + kFull) / 3);
}

TEST(PacedRates, LongerPausesNeverSlowTheOther) {
  std::int64_t last = 0;
  for (std::int64_t period = Decode().step_ns; period < 20 * Decode().step_ns; period += 777'777) {
    const std::int64_t other = Rates(period)[1];
    EXPECT_GE(other, last) << period;
    last = other;
  }
}

TEST(PacedRates, AStrandThatCannotKeepItsPeriodFallsBehindByAsMuch) {
  const StrandShape shapes[] = {Prefill(), Decode()};
  const std::int64_t beside = ApproximateRates(shapes, {})[1];
  ASSERT_LT(beside, kFull / 2);  // behind a prefill that leaves little
  const PacedStrand strands[] = {{.shape = Prefill()},
                                 {.shape = Decode(), .period_ns = 2 * Decode().step_ns}};
  EXPECT_EQ(PacedRates(strands, {})[1], 2 * beside);
}

TEST(PacedRates, TwoThatPauseAreMixedInAnyOrder) {
  const PacedStrand strands[] = {{.shape = Decode(), .period_ns = 30'000'000},
                                 {.shape = Decode(), .period_ns = 40'000'000},
                                 {.shape = Prefill()}};
  const std::vector<std::int64_t> rates = PacedRates(strands, {});
  const PacedStrand one[] = {strands[0], strands[2]};
  EXPECT_EQ(rates[0], kFull);
  EXPECT_LT(rates[2], PacedRates(one, {})[1]);
  EXPECT_GT(rates[2], 0);
}

}  // namespace
}  // namespace braid
