#include "bench/planner_setting.h"

#include "planner/cost/builtin_models.h"

#include <utility>

namespace braid {
namespace {

/// Longer than any prefill batch.
constexpr std::int64_t kNoTippingPoint = 3'600'000'000'000;
/// What LoongServe's scheduler takes a decode pass on up to eight devices to be.
constexpr std::int64_t kHostPassNs = 22'000'000;

void SetPolicy(Contender contender, PolicyOptions& policy) {
  policy.name = ContenderName(contender);
  policy.oracle = contender != Contender::kBraid;
  policy.round_robin = contender == Contender::kReplicas;
  if (contender != Contender::kBraid && contender != Contender::kLoongServe) {
    policy.max_prefill_ns = kNoTippingPoint;
  }
}

void SetMechanism(Mechanism mechanism, PolicyOptions& policy) {
  switch (mechanism) {
    case Mechanism::kAsEvaluated:
      return;
    case Mechanism::kAtOnce:
      policy.wait_passes = 0;
      return;
    case Mechanism::kInOrder:
      policy.out_of_order = 0;
      return;
    case Mechanism::kReleased:
      policy.released_dispatch = true;
      policy.batching = BatchingMethod::kReleasedRule;
      policy.backfill = true;
      policy.barrier = true;
      return;
    case Mechanism::kHostPasses:
      policy.pass_period_ns = kHostPassNs;
      return;
  }
}

}  // namespace

std::string ContenderName(Contender contender) {
  switch (contender) {
    case Contender::kLoongServe:
      return "loongserve";
    case Contender::kStaticTp:
      return "static-tp";
    case Contender::kStaticSp:
      return "static-sp";
    case Contender::kReplicas:
      return "replicas";
    case Contender::kBraid:
      return "braid";
  }
  return "";
}

std::string MechanismName(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::kAsEvaluated:
      return "";
    case Mechanism::kAtOnce:
      return "at once";
    case Mechanism::kInOrder:
      return "in order";
    case Mechanism::kReleased:
      return "released";
    case Mechanism::kHostPasses:
      return "passes of 22 ms";
  }
  return "";
}

Result<SimulationSpec> SettingOf(Contender contender, Mechanism mechanism) {
  SimulationSpec spec;
  ASSIGN_OR_RETURN(spec.model, BuiltinModel("lwm-7b"));
  ASSIGN_OR_RETURN(spec.profile, BuiltinProfile("a800-80gb"));
  spec.cluster = {.profile = "a800-80gb", .num_nodes = 1, .devices_per_node = 8, .tensor_size = 2};
  SetPolicy(contender, spec.policy);
  SetMechanism(mechanism, spec.policy);
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
