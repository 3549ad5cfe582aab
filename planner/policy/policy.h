#pragma once

#include "base/status.h"
#include "plan/cluster_spec.h"
#include "plan/planner.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/decision.h"
#include "planner/policy/policy_options.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// The names that MakePolicy knows, the default first.
std::vector<std::string> PolicyNames();

/// The cluster as `policy` cuts it: static-tp and liger make one instance of each node.
ClusterSpec ClusterFor(std::string_view policy, ClusterSpec cluster);
/// Over how many instances of ClusterFor `policy` may spread the KV of one request.
std::int32_t MostOwners(std::string_view policy, const ClusterSpec& cluster);

/// A planner. `costs` (of ClusterFor(name, cluster)) is borrowed for its life, and so is `log`,
/// where it is given: there the policy says why it decides as it does.
/// Errors: InvalidArgument for an unknown name (with the nearest known) or contradictory options.
Result<std::unique_ptr<Planner>> MakePolicy(const PolicyOptions& options, const CostModel& costs,
                                            const ClusterSpec& cluster, DecisionLog* log = nullptr);

}  // namespace braid
