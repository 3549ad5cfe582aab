#include "launch/scenario.h"

#include "launch/find_workload.h"
#include "launch/idle_cluster.h"
#include "launch/suggestion.h"
#include "models/spec_from_gguf.h"
#include "planner/cost/builtin_models.h"
#include "planner/policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace braid {
namespace {

constexpr std::int64_t kLongPromptTokens = 100'000;

Result<ModelSpec> FindModel(const std::string& name) {
  const std::vector<std::string> names = BuiltinModelNames();
  if (std::find(names.begin(), names.end(), name) != names.end()) return BuiltinModel(name);
  std::error_code error;
  if (!std::filesystem::exists(name, error)) {
    return NotFound(fmt::format("no built-in model and no file is called '{}'{}; built in are {}",
                                name, DidYouMean(name, names), fmt::join(names, ", ")));
  }
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(name));
  return SpecFromGguf(file);
}

/// The error with the place of the first of `options` that a file set.
Status At(const Status& status, const Contradictions& given,
          std::initializer_list<std::string_view> options) {
  std::string place = given.PlaceOf(options);
  if (place.empty()) return status;
  place.resize(place.size() - 2);  // WithContext adds ": "
  return status.WithContext(place);
}

void CheckSlo(const ScenarioOptions& options, Contradictions& given) {
  given.RefuseBoth("slo-ttft", "slo-ttft-factor", "ttft is one limit for all prompts; give one");
  given.RefuseBoth("slo-ttft", "slo-ttft-floor", "ttft is one limit for all prompts; give one");
  if (options.spec.policy.prefill_instances >= options.spec.cluster.num_instances() &&
      options.spec.policy.prefill_instances > 0) {
    given.Add({"prefill-instances"},
              fmt::format("{} is {}, but must leave one of the {} instances to decode",
                          given.NameOf("prefill-instances"), options.spec.policy.prefill_instances,
                          options.spec.cluster.num_instances()));
  }
}

/// What policies are to plan for, where they look at limits: those that are measured.
void TellPolicies(SimulationSpec& spec) {
  PolicyOptions& policy = spec.policy;
  policy.oracle = spec.workload.oracle;
  policy.tpot_ns = spec.slo.tpot_limit_ns;
  policy.ttft_factor = spec.slo.ttft_limit_ns > 0 ? 0 : spec.slo.ttft_factor;
  policy.ttft_floor_ns =
      spec.slo.ttft_limit_ns > 0 ? spec.slo.ttft_limit_ns : spec.slo.ttft_floor_ns;
}

}  // namespace

SimulationSpec Scenario::SpecFor(const std::string& policy) const {
  SimulationSpec named = spec;
  named.policy.name = policy;
  return named;
}

Result<Scenario> SettleScenario(const ScenarioOptions& options, Contradictions& more) {
  Scenario scenario{.spec = options.spec, .policies = options.policies};
  SimulationSpec& spec = scenario.spec;
  FindWorkload(options, spec.workload, more);
  const Status cluster = ValidateClusterSpec(spec.cluster);
  if (!cluster.ok()) {
    more.Add({"tp", "devices", "nodes", "kv-slots", "max-strands"}, cluster.message());
  } else {
    CheckSlo(options, more);
  }
  if (more.IsSet("observe") && options.actual_profile.empty()) {
    more.Add({"observe"}, fmt::format("{} has a meaning only with --actual-profile: otherwise "
                                      "predictions are never wrong",
                                      more.NameOf("observe")));
  }
  RETURN_IF_ERROR(more.ToStatus());

  Result<ModelSpec> model = FindModel(options.model);
  if (!model.ok()) return At(model.error(), more, {"model"});
  spec.model = *std::move(model);
  Result<Profile> profile = FindProfile(spec.cluster.profile);
  if (!profile.ok()) return At(profile.error(), more, {"profile"});
  spec.profile = *std::move(profile);
  if (!options.actual_profile.empty()) {
    Result<Profile> actual = FindProfile(options.actual_profile);
    if (!actual.ok()) return At(actual.error(), more, {"actual-profile"});
    spec.actual = *std::move(actual);
  }
  if (spec.long_prompt_tokens == 0 && spec.workload.name == "short-beside-long") {
    spec.long_prompt_tokens = kLongPromptTokens;
  }
  TellPolicies(spec);
  RETURN_IF_ERROR(
      At(ValidateWorkloadSpec(spec.workload), more, {"workload", "classes", "prompt-tokens"}));
  const Status possible = TryIdleCluster(scenario);
  if (!possible.ok())
    return At(possible, more, {"tp", "profile", "actual-profile", "model", "slo-tpot", "slo-ttft"});
  return scenario;
}

}  // namespace braid
