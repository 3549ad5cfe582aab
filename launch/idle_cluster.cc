#include "launch/idle_cluster.h"

#include "launch/option_targets.h"
#include "launch/scenario.h"
#include "launch/text_table.h"
#include "planner/policy/policy.h"
#include "planner/sim/simulation/run_costs.h"
#include "planner/sim/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace braid {
namespace {

constexpr std::int64_t kLookedAt = 10'000;

/// What requests cannot have, whatever is planned.
struct Hopeless {
  std::int64_t looked_at = 0;
  std::int64_t without_room = 0;
  std::int64_t most_tokens = 0;  ///< prompt and output, of those without room
  std::int64_t late = 0;         ///< miss the TTFT limit even alone
  std::int64_t fewest_late_tokens = std::numeric_limits<std::int64_t>::max();
};

/// The cluster as one policy cuts it.
struct Cut {
  std::string policy;
  ClusterSpec cluster;
  RunCosts run_costs;

  const CostModel& costs() const { return run_costs.actual(); }
  std::int32_t most_owners() const { return MostOwners(policy, cluster); }
  /// That one request may have.
  std::int64_t slots() const { return costs().kv_slots() * most_owners(); }
  double PrefillNs(std::int64_t tokens) const;
  std::int64_t LeastDecodeNs() const;
};

double Cut::PrefillNs(std::int64_t tokens) const {
  const auto n = static_cast<double>(tokens);
  double least = std::numeric_limits<double>::infinity();
  for (std::int32_t degree = 1; degree <= cluster.instances_per_node(); ++degree) {
    least = std::min(least, costs().Prefill(degree).Ns(n, n * n));
  }
  return least;
}

std::int64_t Cut::LeastDecodeNs() const {
  StepSizes one;
  one[Size::kRows] = 1;
  one[Size::kSampledRows] = 1;
  one[Size::kDecodeContext] = 1;
  return costs().StepNs({.degree = 1, .decode = true}, one);
}

Result<Cut> CutFor(const Scenario& scenario, const std::string& policy) {
  const ClusterSpec cluster = ClusterFor(policy, scenario.spec.cluster);
  Result<RunCosts> costs = RunCosts::Make(scenario.spec, cluster);
  if (!costs.ok()) {
    return cluster == scenario.spec.cluster ? costs.error()
                                            : costs.error().WithContext("policy " + policy);
  }
  return Cut{.policy = policy, .cluster = cluster, .run_costs = *std::move(costs)};
}

Status CheckTpot(const Scenario& scenario, const Cut& cut) {
  const std::int64_t least = cut.LeastDecodeNs();
  const std::int64_t limit = scenario.spec.slo.tpot_limit_ns;
  if (least <= limit) return {};
  return FailedPrecondition(fmt::format(
      "slo.tpot is {}, but one request alone takes {} a token under {} on this cluster: allow more "
      "than that, or use a faster cluster",
      FormatSeconds(static_cast<double>(limit) * 1e-9),
      FormatSeconds(static_cast<double>(least) * 1e-9), cut.policy));
}

void LookAt(const Request& request, const Slo& slo, const Cut& cut, Hopeless& hopeless) {
  ++hopeless.looked_at;
  const std::int64_t tokens = std::int64_t{request.prompt_tokens} + request.output_tokens;
  if (tokens > cut.slots()) {
    ++hopeless.without_room;
    hopeless.most_tokens = std::max(hopeless.most_tokens, tokens);
  } else if (cut.PrefillNs(request.prompt_tokens) >
             static_cast<double>(slo.TtftLimitNs(request.prompt_tokens))) {
    ++hopeless.late;
    hopeless.fewest_late_tokens =
        std::min<std::int64_t>(hopeless.fewest_late_tokens, request.prompt_tokens);
  }
}

Result<Hopeless> LookAtRequests(const Scenario& scenario, const Cut& cut) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RequestSource> source,
                   OpenWorkload(scenario.spec.workload));
  Hopeless hopeless;
  Request request;
  while (hopeless.looked_at < kLookedAt && source->Next(request)) {
    LookAt(request, scenario.spec.slo, cut, hopeless);
  }
  RETURN_IF_ERROR(source->status());
  if (hopeless.looked_at == 0) return FailedPrecondition("the workload has no requests");
  return hopeless;
}

std::string Owners(const Cut& cut) {
  const std::int32_t most = cut.most_owners();
  if (most == 1) return "an instance";
  return fmt::format("{} {} instances", most == cut.cluster.num_instances() ? "all" : "a group of",
                     most);
}

std::string RoomText(const Cut& cut, const Hopeless& hopeless) {
  return fmt::format(
      "{} of the first {} requests have up to {} tokens, more than the {} KV slots of {} under {}",
      FormatCount(static_cast<std::uint64_t>(hopeless.without_room)),
      FormatCount(static_cast<std::uint64_t>(hopeless.looked_at)),
      FormatCount(static_cast<std::uint64_t>(hopeless.most_tokens)),
      FormatCount(static_cast<std::uint64_t>(cut.slots())), Owners(cut), cut.policy);
}

std::string LateText(const Slo& slo, const Cut& cut, const Hopeless& hopeless) {
  const std::int64_t tokens = hopeless.fewest_late_tokens;
  return fmt::format(
      "{} of the first {} requests miss slo.ttft even alone on this cluster under {}: a prompt of "
      "{} tokens takes {} and may take {}",
      FormatCount(static_cast<std::uint64_t>(hopeless.late)),
      FormatCount(static_cast<std::uint64_t>(hopeless.looked_at)), cut.policy,
      FormatCount(static_cast<std::uint64_t>(tokens)), FormatSeconds(cut.PrefillNs(tokens) * 1e-9),
      FormatSeconds(static_cast<double>(slo.TtftLimitNs(tokens)) * 1e-9));
}

Status Judge(Scenario& scenario, const Cut& cut, const Hopeless& hopeless) {
  if (hopeless.without_room == hopeless.looked_at) {
    return FailedPrecondition(RoomText(cut, hopeless) +
                              ": allow more kv-slots, or use more or larger devices");
  }
  if (hopeless.late + hopeless.without_room == hopeless.looked_at) {
    return FailedPrecondition(LateText(scenario.spec.slo, cut, hopeless) +
                              ": allow more, or use a faster cluster");
  }
  if (hopeless.without_room > 0) {
    scenario.warnings.push_back(RoomText(cut, hopeless) + ", and will be rejected");
  }
  const auto allowed = static_cast<std::int64_t>((1 - scenario.spec.slo.attainment) *
                                                 static_cast<double>(hopeless.looked_at));
  if (hopeless.late + hopeless.without_room > allowed && hopeless.late > 0) {
    scenario.warnings.push_back(LateText(scenario.spec.slo, cut, hopeless) +
                                ", so that no rate can count as goodput");
  }
  return {};
}

}  // namespace

Status TryIdleCluster(Scenario& scenario) {
  ASSIGN_OR_RETURN(const RunCosts as_stated, RunCosts::Make(scenario.spec, scenario.spec.cluster));
  const PrefillLine line = as_stated.actual().Prefill(scenario.spec.cluster.instances_per_node());
  scenario.spec.slo.ideal_prefill_ns = [line](std::int64_t tokens) {
    const auto n = static_cast<double>(tokens);
    return line.Ns(n, n * n);
  };
  RETURN_IF_ERROR(ValidateSlo(scenario.spec.slo));
  std::vector<std::pair<ClusterSpec, std::int32_t>> seen;
  for (const std::string& policy : scenario.policies) {
    ASSIGN_OR_RETURN(const Cut cut, CutFor(scenario, policy));
    const std::pair<ClusterSpec, std::int32_t> one = {cut.cluster, cut.most_owners()};
    if (std::find(seen.begin(), seen.end(), one) != seen.end()) continue;
    seen.push_back(one);
    RETURN_IF_ERROR(CheckTpot(scenario, cut));
    ASSIGN_OR_RETURN(const Hopeless hopeless, LookAtRequests(scenario, cut));
    RETURN_IF_ERROR(Judge(scenario, cut, hopeless));
  }
  return {};
}

}  // namespace braid
