#include "bench/planner_setting.h"

#include "planner/cost/builtin_models.h"

#include <utility>

namespace braid {
namespace {

void SetPolicy(Contender contender, PolicyOptions& policy) {
  policy.oracle = contender != Contender::kBraid;
  switch (contender) {
    case Contender::kLoongServe:
      policy.name = "loongserve";
      return;
    case Contender::kLoongServeInOrder:
      policy.name = "loongserve";
      policy.out_of_order = 0;
      return;
    case Contender::kLoongServeReleased:
      policy.name = "loongserve";
      policy.released_dispatch = true;
      policy.batching = BatchingMethod::kReleasedRule;
      policy.backfill = true;
      policy.barrier = true;
      return;
    case Contender::kStaticTpAtOnce:
      policy.wait_passes = 0;
      [[fallthrough]];
    case Contender::kStaticTp:
      policy.name = "static-tp";
      return;
    case Contender::kStaticSpAtOnce:
      policy.wait_passes = 0;
      [[fallthrough]];
    case Contender::kStaticSp:
      policy.name = "static-sp";
      return;
    case Contender::kReplicasAtOnce:
      policy.wait_passes = 0;
      [[fallthrough]];
    case Contender::kReplicas:
      policy.name = "replicas";
      policy.round_robin = true;
      return;
    case Contender::kBraid:
      policy.name = "braid";
      return;
  }
}

}  // namespace

std::string ContenderName(Contender contender) {
  switch (contender) {
    case Contender::kLoongServe:
      return "loongserve";
    case Contender::kLoongServeInOrder:
      return "loongserve, in order";
    case Contender::kLoongServeReleased:
      return "loongserve, released";
    case Contender::kStaticTp:
      return "static-tp";
    case Contender::kStaticSp:
      return "static-sp";
    case Contender::kReplicas:
      return "replicas";
    case Contender::kStaticTpAtOnce:
      return "static-tp, at once";
    case Contender::kStaticSpAtOnce:
      return "static-sp, at once";
    case Contender::kReplicasAtOnce:
      return "replicas, at once";
    case Contender::kBraid:
      return "braid";
  }
  return "";
}

Result<SimulationSpec> SettingOf(Contender contender) {
  SimulationSpec spec;
  ASSIGN_OR_RETURN(spec.model, BuiltinModel("lwm-7b"));
  ASSIGN_OR_RETURN(spec.profile, BuiltinProfile("a800-80gb"));
  spec.cluster = {.profile = "a800-80gb", .num_nodes = 1, .devices_per_node = 8, .tensor_size = 2};
  SetPolicy(contender, spec.policy);
  spec.workload.oracle = spec.policy.oracle;
  // Everybody is judged by the prefill time that LoongServe's SLO names: four instances of two.
  ASSIGN_OR_RETURN(const CostModel costs, CostModel::Make(spec.profile, spec.model, spec.cluster));
  const PrefillLine line = costs.Prefill(spec.cluster.instances_per_node());
  spec.slo.ideal_prefill_ns = [line](std::int64_t tokens) {
    const auto n = static_cast<double>(tokens);
    return line.Ns(n, n * n);
  };
  return spec;
}

void SetNamed(SimulationSpec& spec, const std::string& workload, std::uint64_t seed) {
  spec.workload.kind = WorkloadKind::kNamed;
  spec.workload.name = workload;
  spec.workload.seed = seed;
  spec.workload.arrivals.kind = ArrivalKind::kLoongServe;
}

void SetTrace(SimulationSpec& spec, const std::string& path) {
  spec.workload.kind = WorkloadKind::kTrace;
  spec.workload.name.clear();
  spec.workload.path = path;
}

}  // namespace braid
