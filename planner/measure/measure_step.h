#pragma once

#include "plan/engine_view.h"
#include "planner/cost/cost_model.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace braid {

/// What the time of a step depends on: its template and the sizes on its busiest instance.
struct StepMeasure {
  StepSignature signature;
  StepSizes sizes;
  /// Decode: KV tokens that each repeat adds on the instance that `sizes` has the context of, and
  /// other instances that may overtake it because they own more of the new tokens.
  std::int64_t context_growth = 0;
  struct Context {
    std::int64_t tokens = 0;
    std::int64_t growth = 0;
  };
  std::vector<Context> overtaking;
  bool swap = false;              ///< a move to or from the host: CostModel::SwapNs
  std::int64_t prefill_rows = 0;  ///< over the whole group
  std::int64_t decode_rows = 0;

  /// The sizes of pass `repeat` of a run, from 0.
  StepSizes SizesOf(std::int64_t repeat) const {
    StepSizes grown = sizes;
    std::int64_t& context = grown[Size::kDecodeContext];
    context += repeat * context_growth;
    for (const Context& other : overtaking) {
      context = std::max(context, other.tokens + repeat * other.growth);
    }
    return grown;
  }
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
  void AddDecode(const StepPlan& plan, const PlannedRequest& planned, const RequestState& state);
  void AddMove(const StepPlan& plan, const PlannedRequest& planned, const RequestState& state);
  void AddGrowth(const StepPlan& plan, StepMeasure& measure);
  Load& load(std::int32_t instance) { return loads_[static_cast<std::size_t>(instance)]; }

  std::vector<Load> loads_;
  std::int32_t instances_per_node_;
};

}  // namespace braid
