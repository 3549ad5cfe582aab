#pragma once

#include "planner/cost/timed_template.h"
#include "planner/sim/clock/task_clock.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// The synthetic traffic on which disciplines are compared: batches of 0.6 to 1.4 times a standard
/// tensor-parallel step of 12 layers, each of a product, attention, a product, an all-reduce, two
/// products and an all-reduce. Attention takes 14 % of a layer's compute time. Rounds cut only
/// products; everything may be cut at a quantum. Shares, contention and load in thousandths.
struct InterleaveWorkload {
  static constexpr std::int64_t kStepNs = 24'000'000;  ///< a batch of size 1.0, alone

  std::int64_t network_share = 400;  ///< of kStepNs
  std::int64_t contention = 1100;    ///< both ways
  /// Poisson arrivals per kStepNs; 1000: all that one batch after another can serve. 0: every batch
  /// is there from the start.
  std::int64_t load = 1000;
  std::int32_t num_batches = 200;
  std::uint64_t seed = 0;
};

TimedTemplate MakeInterleaveTemplate(const InterleaveWorkload& workload);
ContentionMatrix MakeInterleaveContention(const InterleaveWorkload& workload);

/// The batches in order of arrival; `tmpl` must outlive them.
std::vector<StrandStart> DrawInterleaveBatches(const InterleaveWorkload& workload,
                                               const TimedTemplate& tmpl);

/// The same batches on a pipeline of `num_stages` stages of the same devices: no all-reduce, the
/// kernels as efficient as under tensor parallelism, transfers free: more than a real one reaches.
/// Each stage takes the batches in order. Returns the end of each batch.
std::vector<std::int64_t> RunPipeline(std::span<const StrandStart> batches,
                                      std::int32_t num_stages);

}  // namespace braid
