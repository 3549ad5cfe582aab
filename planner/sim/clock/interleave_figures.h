#pragma once

#include "base/status.h"
#include "planner/sim/clock/discipline.h"
#include "planner/sim/clock/interleave_workload.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// One discipline on one draw of the traffic. Latencies in steps of a batch of size 1.0 alone,
/// throughputs in batches per such step, delays as a share of the strands' own work.
struct InterleaveOutcome {
  double throughput = 0;       ///< with every batch there from the start
  double mean_latency = 0;     ///< at the workload's load
  double mean_delay = 0;       ///< saturated: all waiting of primaries over all work
  double worst_delay = 0;      ///< saturated: of the strand that waited longest
  double lone_over_alone = 0;  ///< latency of one batch with nothing beside it, over its step
};

/// `load` of the workload is that of mean_latency.
Result<InterleaveOutcome> MeasureInterleaving(const InterleaveWorkload& workload,
                                              const Discipline& discipline);
/// The pipeline of RunPipeline; no delays.
InterleaveOutcome MeasurePipeline(const InterleaveWorkload& workload, std::int32_t num_stages);

/// Columns of the comparison: those of the published table, then lanes as Braid sets them.
inline constexpr std::array<const char*, 6> kInterleaveColumns = {
    "tp", "pp4", "rounds", "rounds+split", "lanes 0.02", "lanes"};

struct InterleaveRow {
  std::int64_t network_share = 0;  ///< thousandths
  std::array<InterleaveOutcome, 6> here;
  std::array<double, 5> published_throughput;
  std::array<double, 5> published_latency;  ///< 0: not published
};

/// A figure with a target.
struct InterleaveFigure {
  std::string what;
  double target = 0;
  double reached = 0;
  bool at_least = true;  ///< else at most

  bool met() const { return at_least ? reached >= target : reached <= target; }
};

struct InterleaveReport {
  std::vector<InterleaveRow> table;       ///< on the reference draw
  std::vector<InterleaveFigure> figures;  ///< on seed 0
  /// Of the same figures over seeds 0 .. num_seeds - 1, in their order.
  struct Spread {
    double least = 0;
    double median = 0;
    double most = 0;
  };
  std::vector<Spread> spreads;
  std::int32_t num_seeds = 0;
  std::uint64_t reference_seed = 0;
  /// Mean latency at load 1.0, lanes over tp: on the reference draw, and of the means over all
  /// seeds.
  double reference_latency_ratio = 0;
  double pooled_latency_ratio = 0;
  /// LeastMeanLatency over tp's latency: what no schedule of the same batches goes below.
  struct LatencyBound {
    double seed_0 = 0;
    double reference = 0;
    double pooled = 0;
    double median = 0;                  ///< of the seeds
    std::int32_t num_out_of_reach = 0;  ///< seeds on which it is above the target
  };
  LatencyBound latency_bound;
  double worst_waiting = 0;             ///< of one strand over its step, seed 0
  double depth_2_throughput_ratio = 0;  ///< lanes with depth 2 over tp, seed 0
};

/// The first draw on which one batch after the other has the mean latency of the published table,
/// 13.3 within 2 %: at load 1.0 that latency has no stationary value and lies between 2.4 and 20 on
/// 64 draws of 200 batches, so a comparison of latencies needs a draw like the published one.
inline constexpr std::uint64_t kReferenceSeed = 38;

/// The row "interleaving in the clock" of the project's figures, and the published table beside
/// what this clock says.
/// Cost: ~4 s for 32 seeds, nearly all of it the bounds of latency.
Result<InterleaveReport> InterleaveFigures(std::int32_t num_seeds = 32);

}  // namespace braid
