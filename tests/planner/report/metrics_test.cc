#include "planner/sim/report/metrics.h"

#include "planner/sim/report/tee_observer.h"
#include "tests/planner/report/sample_records.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace braid {
namespace {

Metrics MetricsOfTwoInstances() {
  MetricsOptions options;
  options.num_instances = 2;
  options.kv_slots = 1'000;
  return Metrics(options);
}

// Request i of `count`, i + 1 tokens long; the last `num_late` by length miss their TTFT.
void FinishMany(Metrics& metrics, int count, int num_late) {
  for (int i = 0; i < count; ++i) {
    RequestRecord record = FinishedRecord();
    record.request.prompt_tokens = i + 1;
    if (i >= count - num_late) {
      record.first_token_ns += 20 * kSecond;
      record.finish_ns += 20 * kSecond;
    }
    metrics.OnFinished(record);
  }
}

TEST(Metrics, LatenciesFollowTheirFormulas) {
  Metrics metrics = MetricsOfTwoInstances();
  metrics.OnFinished(FinishedRecord());
  const Summary summary = metrics.Summarize();
  EXPECT_DOUBLE_EQ(summary.ttft_s.mean, 0.1);
  EXPECT_DOUBLE_EQ(summary.tpot_s.mean, 0.02);
  EXPECT_DOUBLE_EQ(summary.end_to_end_s.mean, 0.3);
  EXPECT_DOUBLE_EQ(summary.longest_gap_s.mean, 0.035);
  EXPECT_NEAR(summary.per_token_s.mean, 0.3 / 111, 1e-12);
  EXPECT_DOUBLE_EQ(summary.input_s.mean, 0.001);
  EXPECT_DOUBLE_EQ(summary.output_s.mean, 0.02);
  EXPECT_DOUBLE_EQ(summary.ttft_s.p99, 0.1);
}

TEST(Metrics, ARequestOfOneTokenHasNoOutputLatency) {
  Metrics metrics = MetricsOfTwoInstances();
  RequestRecord record = FinishedRecord();
  record.request.output_tokens = 1;
  record.finish_ns = record.first_token_ns;
  metrics.OnFinished(record);
  EXPECT_EQ(metrics.Summarize().output_s.mean, 0);
  EXPECT_EQ(metrics.Summarize().tpot_s.mean, 0);
}

TEST(Metrics, UnfinishedAndRejectedRequestsMissTheSloAndHaveNoLatency) {
  Metrics metrics = MetricsOfTwoInstances();
  metrics.OnFinished(FinishedRecord());
  metrics.OnFinished(FinishedRecord());
  metrics.OnFinished(UnfinishedRecord(false));
  metrics.OnFinished(UnfinishedRecord(true));
  const Summary summary = metrics.Summarize();
  EXPECT_EQ(summary.num_requests, 4);
  EXPECT_EQ(summary.num_finished, 2);
  EXPECT_EQ(summary.num_unfinished, 1);
  EXPECT_EQ(summary.num_rejected, 1);
  EXPECT_EQ(summary.ttft_s.count, 2);
  EXPECT_EQ(summary.attainment, 0.5);
}

TEST(Metrics, NinetyPercentIsGoodputByTheRawRule) {
  Metrics enough = MetricsOfTwoInstances();
  FinishMany(enough, 1'000, 100);
  EXPECT_TRUE(enough.Summarize().is_goodput);
  Metrics too_few = MetricsOfTwoInstances();
  FinishMany(too_few, 1'000, 101);
  EXPECT_FALSE(too_few.Summarize().is_goodput);
}

TEST(Metrics, TheDecileRuleSeesThatOnlyLongPromptsFail) {
  Metrics metrics = MetricsOfTwoInstances();
  FinishMany(metrics, 1'000, 21);
  const Summary summary = metrics.Summarize();
  EXPECT_TRUE(summary.is_goodput);
  EXPECT_FALSE(summary.is_decile_goodput);
  EXPECT_DOUBLE_EQ(summary.worst_decile, 0.79);
  EXPECT_DOUBLE_EQ(summary.deciles[9].attainment, 0.79);
  EXPECT_DOUBLE_EQ(summary.deciles[8].attainment, 1);
  Metrics enough = MetricsOfTwoInstances();
  FinishMany(enough, 1'000, 20);
  EXPECT_TRUE(enough.Summarize().is_decile_goodput);
}

TEST(Metrics, ThroughputCountsFinishedRequestsFromTheFirstArrivalOn) {
  Metrics metrics = MetricsOfTwoInstances();
  metrics.OnFinished(FinishedRecord());
  RequestRecord later = FinishedRecord();
  later.request.arrival_ns = 2 * kSecond;
  later.first_token_ns = 4 * kSecond;
  later.finish_ns = 6 * kSecond;
  metrics.OnFinished(later);
  const Summary summary = metrics.Summarize();
  EXPECT_DOUBLE_EQ(summary.duration_s, 5);
  EXPECT_DOUBLE_EQ(summary.requests_per_s, 0.4);
  EXPECT_DOUBLE_EQ(summary.output_tokens_per_s, 22 / 5.0);
  EXPECT_DOUBLE_EQ(summary.total_tokens_per_s, 222 / 5.0);
  EXPECT_DOUBLE_EQ(summary.offered_rate, 2);
  EXPECT_DOUBLE_EQ(summary.good_requests_per_s, 0.2);  // the second took 200 ms a token
}

TEST(Metrics, UtilisationIsTheBusyShareOfAllInstances) {
  Metrics metrics = MetricsOfTwoInstances();
  RequestRecord record = FinishedRecord();
  record.request.arrival_ns = 0;
  record.finish_ns = 10 * kSecond;
  const std::array<std::int32_t, 2> instances = {0, 1};
  metrics.OnStep({.start_ns = 0,
                  .end_ns = 4 * kSecond,
                  .instances = instances.data(),
                  .num_instances = 2,
                  .compute_ns = 3 * kSecond,
                  .network_ns = kSecond});
  metrics.OnStep({.start_ns = 4 * kSecond,
                  .end_ns = 8 * kSecond,
                  .instances = instances.data(),
                  .num_instances = 1,
                  .repeats = 5,
                  .compute_ns = 4 * kSecond});
  metrics.OnFinished(record);
  const Summary summary = metrics.Summarize();
  EXPECT_DOUBLE_EQ(summary.compute_utilisation, 0.5);
  EXPECT_DOUBLE_EQ(summary.network_utilisation, 0.1);
  EXPECT_EQ(summary.num_steps, 6);
}

TEST(Metrics, KvOccupancyIsWeightedByTime) {
  Metrics metrics = MetricsOfTwoInstances();
  RequestRecord record = FinishedRecord();
  record.request.arrival_ns = 0;
  record.finish_ns = 10 * kSecond;
  metrics.OnKv(2 * kSecond, 400);
  metrics.OnKv(7 * kSecond, 800);
  metrics.OnKv(8 * kSecond, 0);
  metrics.OnFinished(record);
  const Summary summary = metrics.Summarize();
  EXPECT_DOUBLE_EQ(summary.mean_kv_occupancy, (5 * 0.4 + 0.8) / 10);
  EXPECT_DOUBLE_EQ(summary.peak_kv_occupancy, 0.8);
}

TEST(Metrics, ScalingEventsAreCountedByKind) {
  Metrics metrics = MetricsOfTwoInstances();
  metrics.OnScaling(1, ScalingEvent::kScaleUp);
  metrics.OnScaling(2, ScalingEvent::kScaleUp);
  metrics.OnScaling(3, ScalingEvent::kSwap);
  EXPECT_EQ(metrics.Summarize().scaling_events,
            (std::array<std::int64_t, kNumScalingEvents>{2, 0, 0, 0, 1}));
}

TEST(Metrics, LongPromptsHaveATtftOfTheirOwn) {
  MetricsOptions options;
  options.long_prompt_tokens = 1'000;
  Metrics metrics(options);
  metrics.OnFinished(FinishedRecord());
  RequestRecord long_prompt = FinishedRecord();
  long_prompt.request.prompt_tokens = 1'000;
  long_prompt.first_token_ns += kSecond;
  long_prompt.finish_ns += kSecond;
  metrics.OnFinished(long_prompt);
  const Summary summary = metrics.Summarize();
  EXPECT_DOUBLE_EQ(summary.short_ttft_s.mean, 0.1);
  EXPECT_DOUBLE_EQ(summary.long_ttft_s.mean, 1.1);
}

TEST(Metrics, OfAnEmptyRunAreZeroAndNothingIsMissed) {
  const Summary summary = MetricsOfTwoInstances().Summarize();
  EXPECT_EQ(summary.num_requests, 0);
  EXPECT_EQ(summary.requests_per_s, 0);
  EXPECT_EQ(summary.mean_kv_occupancy, 0);
  EXPECT_EQ(summary.attainment, 1);
}

TEST(TeeObserver, TellsEveryObserverEverything) {
  Metrics first = MetricsOfTwoInstances();
  Metrics second = MetricsOfTwoInstances();
  TeeObserver tee({&first, &second});
  tee.OnFinished(FinishedRecord());
  tee.OnScaling(5, ScalingEvent::kMove);
  tee.OnKv(6, 500);
  tee.OnStep({.end_ns = 7, .num_instances = 1, .compute_ns = 7});
  for (const Metrics* metrics : {&first, &second}) {
    const Summary summary = metrics->Summarize();
    EXPECT_EQ(summary.num_requests, 1);
    EXPECT_EQ(summary.scaling_events[static_cast<std::size_t>(ScalingEvent::kMove)], 1);
    EXPECT_EQ(summary.peak_kv_occupancy, 0.5);
    EXPECT_EQ(summary.num_steps, 1);
  }
}

}  // namespace
}  // namespace braid
