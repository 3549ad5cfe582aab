#pragma once

#include "planner/cost/timed_template.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A stretch of a step: compute, then the network.
struct TurnShape {
  std::int64_t before_ns = 0;  ///< compute before the longest task that rounds do not cut
  std::int64_t uncut_ns = 0;   ///< that task
  std::int64_t after_ns = 0;   ///< compute behind it
  std::int64_t network_ns = 0;
  std::int64_t grain_ns = 0;  ///< longest piece of the rest of the compute that rounds do not cut
};

/// What the closed forms need to know of a strand that is repeated.
struct StrandShape {
  static constexpr std::size_t kMostTurns = 4;

  std::int64_t step_ns = 0;     ///< alone, > 0
  std::int64_t compute_ns = 0;  ///< of step_ns, that each lane is busy
  std::int64_t network_ns = 0;
  std::int64_t num_turns = 0;  ///< times a step goes from compute to the network
  /// Rounds only. Turns of a layer, num_layers times; what is in none of them is one more turn at
  /// the end. None where they are too many: then all turns of a step are taken to be alike.
  std::array<TurnShape, kMostTurns> turns = {};
  std::int32_t num_layer_turns = 0;
  std::int32_t num_layers = 0;
  /// How long the task lasts that is on the lane at a random moment; 0: a turn is one task.
  std::int64_t compute_task_ns = 0;
  std::int64_t network_task_ns = 0;
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
/// gets it once per turn of the primary, so its own turns are no faster than those. When it comes
/// back to a lane it may find a piece there that another began when it left, and waits for its end.
/// Cost:   0.5 us for a pair.
/// Source: ours, found and tested against CoRun. Steps that braid puts side by side: off by 3 % of
///         the full speed in the median, 10 % at worst. Random strands: 1 to 2 % in the median; at
///         worst 18 % for pairs, 38 % for one of three (2 of 200 draws).
std::vector<std::int64_t> ApproximateRates(std::span<const StrandShape> strands,
                                           const CoRunConditions& conditions);

}  // namespace braid
