#include "planner/sim/clock/interleave_bound.h"
#include "planner/sim/clock/interleave_figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace braid {
namespace {

InterleaveOutcome Measure(const InterleaveWorkload& workload, const Discipline& discipline) {
  Result<InterleaveOutcome> outcome = MeasureInterleaving(workload, discipline);
  EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
  return *outcome;
}

TEST(InterleaveWorkload, DrawsPoissonArrivalsAndUniformSizes) {
  const InterleaveWorkload workload = {.num_batches = 20'000, .seed = 5};
  const TimedTemplate tmpl = MakeInterleaveTemplate(workload);
  const std::vector<StrandStart> batches = DrawInterleaveBatches(workload, tmpl);
  double gap_sum = 0;
  double gap_squares = 0;
  double size_sum = 0;
  std::int64_t last = 0;
  for (const StrandStart& batch : batches) {
    const double gap = static_cast<double>(batch.arrival_ns - last) /
                       static_cast<double>(InterleaveWorkload::kStepNs);
    last = batch.arrival_ns;
    gap_sum += gap;
    gap_squares += gap * gap;
    const std::int64_t rows = batch.sizes[Size::kRows];
    ASSERT_TRUE(600 <= rows && rows <= 1400);
    size_sum += static_cast<double>(rows) / 1000;
  }
  const double mean = gap_sum / 20'000;
  EXPECT_NEAR(mean, 1.0, 0.03);
  EXPECT_NEAR(std::sqrt(gap_squares / 20'000 - mean * mean), 1.0,
              0.03);  // as an exponential has it
  EXPECT_NEAR(size_sum / 20'000, 1.0, 0.01);
}

TEST(InterleaveWorkload, PipelineTakesTheSlowestStageAtATimeAndAllStagesForOne) {
  const InterleaveWorkload workload = {.load = 0, .num_batches = 2};
  const TimedTemplate tmpl = MakeInterleaveTemplate(workload);
  std::vector<StrandStart> batches = DrawInterleaveBatches(workload, tmpl);
  for (StrandStart& batch : batches) batch.sizes[Size::kRows] = 1000;
  const std::vector<std::int64_t> ends = RunPipeline(batches, 4);
  const std::int64_t stage = InterleaveWorkload::kStepNs * 600 / 1000;
  EXPECT_NEAR(static_cast<double>(ends[0]), static_cast<double>(4 * stage), 100.0);
  EXPECT_NEAR(static_cast<double>(ends[1]), static_cast<double>(5 * stage), 100.0);
}

TEST(InterleaveFigures, LanesReachTheirTargetsAtDepthThreeAndNotAtTwo) {
  Result<InterleaveReport> report = InterleaveFigures(16);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  ASSERT_EQ(report->figures.size(), 5u);
  EXPECT_GE(report->spreads[0].least, 1.5);    // throughput over TP, on every draw
  EXPECT_LE(report->spreads[0].most, 1.5625);  // what no order can exceed
  EXPECT_GE(report->spreads[1].least, 0.9);    // over PP
  EXPECT_LE(report->spreads[3].most, 0.05);    // waiting
  EXPECT_EQ(report->spreads[4].most, 1.0);     // one request alone
  EXPECT_LT(report->depth_2_throughput_ratio, 1.5);
  EXPECT_LE(report->reference_latency_ratio, 0.2);
  EXPECT_LT(report->latency_bound.reference, report->reference_latency_ratio);
  EXPECT_GT(report->latency_bound.seed_0, 0.2);  // so 0.2 is out of reach there
}

// Each figure of the table within 5 % in throughput, and the order of the disciplines as published.
TEST(InterleaveFigures, FollowThePublishedTable) {
  Result<InterleaveReport> report = InterleaveFigures(1);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  ASSERT_EQ(report->table.size(), 4u);
  for (const InterleaveRow& row : report->table) {
    for (std::size_t i = 0; i < row.published_throughput.size(); ++i) {
      EXPECT_NEAR(row.here[i].throughput / row.published_throughput[i], 1.0, 0.05)
          << "share " << row.network_share << ", discipline " << i;
    }
    EXPECT_LT(row.here[4].mean_latency, row.here[2].mean_latency);
    EXPECT_LE(row.here[2].mean_latency, row.here[0].mean_latency);
  }
}

TEST(InterleaveFigures, SmallerQuantaShortenThePrimarysWaiting) {
  const InterleaveOutcome coarse = Measure({}, {.quantum_ns = 400'000});
  const InterleaveOutcome fine = Measure({}, {.quantum_ns = 20'000});
  EXPECT_LT(fine.mean_delay, coarse.mean_delay / 2);
}

TEST(LeastMeanLatency, IsBelowThatOfEveryDisciplineOnEveryDraw) {
  const std::vector<Discipline> disciplines = {{.depth = 2},
                                               {.depth = 3},
                                               {.depth = 6, .quantum_ns = 10'000},
                                               {.kind = DisciplineKind::kRounds, .depth = 6},
                                               {.kind = DisciplineKind::kSequential}};
  for (const std::int64_t share : {250, 400, 500}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const InterleaveWorkload workload = {.network_share = share, .seed = seed};
      const double bound = LeastMeanLatency(workload);
      for (const Discipline& discipline : disciplines) {
        EXPECT_LE(bound, Measure(workload, discipline).mean_latency) << share << ", " << seed;
      }
    }
  }
}

TEST(LeastMeanLatency, IsThatOfTheBatchesAloneWhereTheyNeverMeet) {
  const InterleaveWorkload workload = {.load = 10, .num_batches = 5};
  EXPECT_NEAR(LeastMeanLatency(workload), Measure(workload, {}).mean_latency, 1e-6);
}

// All there at once and equal on average: batch i of n ends when i of them can be done.
TEST(LeastMeanLatency, IsNearTheCapacityWhereAllBatchesAreThereAtOnce) {
  const InterleaveWorkload workload = {.load = 0, .num_batches = 40};
  const double least = 20 / 1.5625;
  EXPECT_GT(LeastMeanLatency(workload), 0.85 * least);
  EXPECT_LT(LeastMeanLatency(workload), Measure(workload, {.depth = 40}).mean_latency);
}

}  // namespace
}  // namespace braid
