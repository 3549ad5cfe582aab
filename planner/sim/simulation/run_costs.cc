#include "planner/sim/simulation/run_costs.h"

#include <utility>

namespace braid {

Result<RunCosts> RunCosts::Make(const SimulationSpec& spec, const ClusterSpec& cluster) {
  if (!spec.actual) {
    ASSIGN_OR_RETURN(CostModel costs, CostModel::Make(spec.profile, spec.model, cluster));
    return RunCosts(std::move(costs));
  }
  Result<CostModel> actual = CostModel::Make(*spec.actual, spec.model, cluster);
  if (!actual.ok()) return actual.error().WithContext("actual-profile");
  RunCosts costs(*std::move(actual));
  ClusterSpec told = cluster;
  told.kv_slots = costs.actual().kv_slots();
  ASSIGN_OR_RETURN(costs.believed_, CostModel::Make(spec.profile, spec.model, told));
  return costs;
}

CostModel::TemplateUses RunCosts::template_uses() const {
  CostModel::TemplateUses uses = actual_.template_uses();
  if (!believed_) return uses;
  const CostModel::TemplateUses more = believed_->template_uses();
  uses.made += more.made;
  uses.found += more.found;
  return uses;
}

}  // namespace braid
