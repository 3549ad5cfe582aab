#pragma once

#include "planner/cost/timed_template.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What the closed form needs to know of a strand that is repeated.
struct StrandShape {
  std::int64_t step_ns = 0;     ///< alone, > 0
  std::int64_t compute_ns = 0;  ///< of step_ns, that each lane is busy
  std::int64_t network_ns = 0;
  std::int64_t num_turns = 0;  ///< times a step goes from compute to the network
};

/// Cost: one pass over the tasks of the template, a layer once.
StrandShape ShapeOf(const TimedTemplate& tmpl, const StepSizes& sizes, std::int64_t step_ns);

struct CoRunConditions {
  std::int64_t compute_contention = ContentionMatrix::kOne;  ///< of compute beside the network
  std::int64_t network_contention = ContentionMatrix::kOne;  ///< of the network beside compute
  std::int64_t quantum_ns = 50'000;
};

/// A guess at CoRun::Rates under list lanes, cheap enough for every plan. `strands` begin with the
/// primary and go on in its order. Speeds in 1/1024 of the speed alone.
///
/// A strand has of each lane what those before it leave; its compute and its network time grow by
/// that, and by the contention with what runs beside. A strand that waits for a lane of the primary
/// gets it once per turn of the primary, so its own turns are no faster than those; and at each of
/// its turns it may find a lane held, half a quantum on average.
/// Cost:   0.4 us for a pair.
/// Source: ours, found and tested against CoRun: on random strands off by 1 to 2 % of the full
/// speed
///         in the median, by a quarter of it at worst.
std::vector<std::int64_t> ApproximateRates(std::span<const StrandShape> strands,
                                           const CoRunConditions& conditions);

}  // namespace braid
