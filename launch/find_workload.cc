#include "launch/find_workload.h"

#include "launch/suggestion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace braid {
namespace {

constexpr const char* kGenerated = "generated";
constexpr const char* kDefault = "sharegpt";

void UseLengths(const ScenarioOptions& options, WorkloadSpec& workload, Contradictions& given) {
  workload.kind = WorkloadKind::kGenerated;
  const bool prompt = given.IsStated("prompt-tokens");
  const bool output = given.IsStated("output-tokens");
  if (given.IsSet("classes")) {
    given.RefuseBoth("classes", "prompt-tokens", "each class has lengths of its own");
    given.RefuseBoth("classes", "output-tokens", "each class has lengths of its own");
    return;
  }
  if (prompt != output) {
    given.Add({"prompt-tokens", "output-tokens"},
              fmt::format("{} is set without {}: a generated workload needs both",
                          given.NameOf(prompt ? "prompt-tokens" : "output-tokens"),
                          given.NameOf(prompt ? "output-tokens" : "prompt-tokens")));
  } else if (!prompt) {
    given.Add({"workload"},
              "a generated workload needs lengths: --prompt-tokens and --output-tokens, or "
              "workload.classes in a file");
  }
  workload.classes = {options.single};
}

void UseNameOrPath(const std::string& source, WorkloadSpec& workload, Contradictions& given) {
  const std::vector<std::string> names = WorkloadNames();
  if (std::find(names.begin(), names.end(), source) != names.end()) {
    workload.kind = WorkloadKind::kNamed;
    workload.name = source;
    return;
  }
  std::error_code error;
  if (!std::filesystem::exists(source, error)) {
    given.Add({"workload"},
              fmt::format("no workload and no file is called '{}'{}; workloads are {}, {}", source,
                          DidYouMean(source, names), fmt::join(names, ", "), kGenerated));
  }
  workload.kind = WorkloadKind::kTrace;
  workload.path = source;
}

void CheckKind(WorkloadKind kind, const WorkloadSpec& workload, Contradictions& given) {
  const auto refuse = [&](const char* option, std::string_view why) {
    if (given.IsSet(option)) given.Add({option}, fmt::format("{} {}", given.NameOf(option), why));
  };
  if (kind == WorkloadKind::kTrace) {
    refuse("arrivals", "has no meaning for a trace, which has its own; leave it out");
  } else {
    refuse("rate-scale", "has a meaning only for traces; use --rate");
    refuse("offset", "has a meaning only for traces; leave it out");
  }
  if (workload.arrivals.kind != ArrivalKind::kGamma) {
    refuse("cv", "has a meaning only with gamma arrivals; add --arrivals gamma");
  }
  if (kind != WorkloadKind::kNamed || workload.name != "short-beside-long") {
    if (workload.without_long) {
      refuse("without-long", "has a meaning only for the workload short-beside-long");
    }
  }
}

}  // namespace

void FindWorkload(const ScenarioOptions& options, WorkloadSpec& workload, Contradictions& given) {
  const bool has_lengths =
      given.IsSet("classes") || given.IsStated("prompt-tokens") || given.IsStated("output-tokens");
  const bool has_source = given.IsSet("workload") && options.source != kGenerated;
  if (has_lengths && has_source) {
    const char* lengths = given.IsSet("classes")            ? "classes"
                          : given.IsStated("prompt-tokens") ? "prompt-tokens"
                                                            : "output-tokens";
    given.RefuseBoth("workload", lengths,
                     fmt::format("'{}' has lengths of its own; leave one out", options.source));
  }
  given.RefuseBoth("rate", "rate-scale", "each says how fast to play a trace; give one");
  if (has_source || (!has_lengths && options.source != kGenerated)) {
    UseNameOrPath(options.source.empty() ? kDefault : options.source, workload, given);
  } else {
    UseLengths(options, workload, given);
  }
  CheckKind(workload.kind, workload, given);
}

}  // namespace braid
