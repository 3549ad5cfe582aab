#include "planner/policy/policy.h"

#include "planner/policy/braid.h"
#include "planner/policy/disaggregated.h"
#include "planner/policy/liger.h"
#include "planner/policy/loongserve.h"
#include "planner/policy/static_groups.h"

#include <algorithm>
#include <numeric>

namespace braid {
namespace {

using Groups = std::vector<std::vector<std::int32_t>>;

Groups EachAlone(std::int32_t num_instances) {
  Groups groups;
  for (std::int32_t i = 0; i < num_instances; ++i) groups.push_back({i});
  return groups;
}

/// One group a node.
Groups ByNode(const ClusterSpec& cluster) {
  Groups groups(static_cast<std::size_t>(cluster.num_nodes));
  for (std::int32_t i = 0; i < cluster.num_instances(); ++i) {
    groups[static_cast<std::size_t>(i / cluster.instances_per_node())].push_back(i);
  }
  return groups;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<std::string> PolicyNames() {
  return {"braid",     "loongserve", "liger",           "static-tp",
          "static-sp", "replicas",   "chunked-prefill", "disaggregated"};
}

ClusterSpec ClusterFor(std::string_view policy, ClusterSpec cluster) {
  if (policy == "static-tp" || policy == "liger") {
    // KV slots given for an instance follow its share of the devices.
    cluster.kv_slots = cluster.kv_slots * cluster.devices_per_node / cluster.tensor_size;
    cluster.tensor_size = cluster.devices_per_node;
  }
  return cluster;
}

std::int32_t MostOwners(std::string_view policy, const ClusterSpec& cluster) {
  if (policy == "braid" || policy == "loongserve") return cluster.num_instances();
  if (policy == "static-sp") return cluster.instances_per_node();
  return 1;
}

Result<std::unique_ptr<Planner>> MakePolicy(const PolicyOptions& options, const CostModel& costs,
                                            const ClusterSpec& cluster, DecisionLog* log) {
  const std::int32_t count = cluster.num_instances();
  const bool plans_all_as_one = options.name == "braid" || options.name == "loongserve";
  if (plans_all_as_one && count > costs.max_degree()) {
    return InvalidArgument("policy '" + options.name + "' plans for at most " +
                           std::to_string(costs.max_degree()) + " instances, but the cluster has " +
                           std::to_string(count) +
                           "; give an instance more devices (tp), or use fewer of them");
  }
  std::unique_ptr<Planner> planner;
  if (options.name == "braid") {
    planner = std::make_unique<BraidPolicy>(options, costs, cluster, log);
  } else if (options.name == "static-tp" || options.name == "replicas") {
    planner = std::make_unique<StaticGroups>(options, costs, EachAlone(count), false);
  } else if (options.name == "static-sp") {
    planner = std::make_unique<StaticGroups>(options, costs, ByNode(cluster), false);
  } else if (options.name == "chunked-prefill") {
    planner = std::make_unique<StaticGroups>(options, costs, EachAlone(count), true);
  } else if (options.name == "disaggregated") {
    const std::int32_t prefill =
        options.prefill_instances > 0 ? options.prefill_instances : std::max(1, count / 2);
    if (prefill >= count) {
      return InvalidArgument(
          "policy 'disaggregated' needs an instance for prefill and another for "
          "decode; there are " +
          std::to_string(count) + " instances and " + std::to_string(prefill) +
          " of them are to prefill");
    }
    planner = std::make_unique<Disaggregated>(options, costs, count, prefill);
  } else if (options.name == "liger") {
    PolicyOptions fitting = options;
    fitting.depth = std::clamp(options.depth, 1, cluster.max_strands);
    planner = std::make_unique<Liger>(fitting, costs, count);
  } else if (options.name == "loongserve") {
    if (options.backfill && !options.barrier) {
      return InvalidArgument(
          "backfill fills the instances that wait at the barrier: it needs "
          "barrier too");
    }
    planner = std::make_unique<LoongServe>(options, costs, count, cluster.instances_per_node());
  } else {
    return InvalidArgument("policy '" + options.name + "' is unknown; there are " +
                           Join(PolicyNames()));
  }
  return planner;
}

}  // namespace braid
