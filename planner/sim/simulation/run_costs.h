#pragma once

#include "base/status.h"
#include "planner/cost/cost_model.h"
#include "planner/sim/simulation/simulation.h"

#include <optional>

namespace braid {

/// What steps of a run take, and what its planner believes that they take.
/// Thread: as CostModel.
class RunCosts {
 public:
  /// Both are one model where `spec` states no actual profile. Otherwise the planner has one of its
  /// own, which knows how many KV slots the machines have: that they tell when they start.
  /// Errors: those of CostModel::Make; of the actual profile, said to be of it.
  static Result<RunCosts> Make(const SimulationSpec& spec, const ClusterSpec& cluster);

  const CostModel& actual() const { return actual_; }
  const CostModel& believed() const { return believed_ ? *believed_ : actual_; }
  /// For Observe; null where the planner cannot be wrong.
  CostModel* learning() { return believed_ ? &*believed_ : nullptr; }
  CostModel::TemplateUses template_uses() const;

 private:
  explicit RunCosts(CostModel actual) : actual_(std::move(actual)) {}

  CostModel actual_;
  std::optional<CostModel> believed_;
};

}  // namespace braid
