#pragma once

#include "plan/engine_view.h"
#include "planner/cost/cost_model.h"

#include <vector>

namespace braid {

/// What the time of a step depends on: its template and the sizes on its busiest instance.
struct StepMeasure {
  StepSignature signature;
  StepSizes sizes;
  /// Decode: KV tokens that each repeat adds on the busiest instance.
  std::int64_t context_growth = 0;
  std::int64_t prefill_rows = 0;  ///< over the whole group
  std::int64_t decode_rows = 0;
};

/// Measures plans; reuses its memory. Sizes are taken per instance, then each at its largest: ranks
/// of a group wait for each other in every layer.
/// Cost: O(requests x their owners).
/// Thread: one.
class StepMeter {
 public:
  StepMeter(std::int32_t num_instances, std::int32_t instances_per_node);

  StepMeasure Measure(const EngineView& view, const StepPlan& plan);

 private:
  struct Load {
    StepSizes sizes;
    std::int64_t masters = 0;
  };
  void AddPrefill(const StepPlan& plan, const PlannedRequest& planned, const RequestState& state);
  void AddDecode(const PlannedRequest& planned, const RequestState& state);
  void AddMove(const StepPlan& plan, const PlannedRequest& planned);
  Load& load(std::int32_t instance) { return loads_[static_cast<std::size_t>(instance)]; }

  std::vector<Load> loads_;
  std::int32_t instances_per_node_;
};

}  // namespace braid
