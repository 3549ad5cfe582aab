#include "launch/scenario_options.h"

#include "launch/length_text.h"
#include "launch/policy_table.h"
#include "launch/section_options.h"
#include "launch/short_forms.h"
#include "planner/policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

namespace braid {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr double kDay = 86'400;
// More classes than anybody mixes; each costs a table of options.
constexpr std::size_t kMostClasses = 1000;

void AddCluster(ScenarioOptions& fields, OptionTable& table) {
  ClusterSpec& cluster = fields.spec.cluster;
  SectionOptions add("cluster", table);
  Option& whole = add.Add("cluster", ClusterShortForm(), "CLUSTER", "the machines");
  whole.names_section = true;
  whole.may_name_file = true;
  add.Add("profile", TextTarget{&cluster.profile}, "NAME",
          "device and links: a built-in profile or the path of one");
  add.Add("actual-profile", TextTarget{&fields.actual_profile}, "NAME",
          "what the machines really are, where the planner is to believe otherwise (--profile)")
      .default_note = "the same as --profile";
  add.Whole("devices", cluster.devices_per_node, 1, 64, "devices of a node");
  add.Whole("tp", cluster.tensor_size, 1, 64, "devices of an instance");
  add.Whole("nodes", cluster.num_nodes, 1, 4096, "equal nodes");
  add.Whole("kv-slots", cluster.kv_slots, 0, 1'000'000'000,
            "tokens that an instance keeps KV of; 0: what its memory leaves");
  add.Whole("max-strands", cluster.max_strands, 1, 8, "steps that a rank carries at once");
}

EntriesTarget ClassesTarget(std::vector<TrafficClass>& classes) {
  return {
      .resize = [&classes](std::size_t count) { classes.resize(std::min(count, kMostClasses)); },
      .size = [&classes] { return classes.size(); },
      .entry =
          [&classes](std::size_t index) {
            TrafficClass& entry = classes[std::min(index, classes.size() - 1)];
            OptionTable table;
            SectionOptions add("", table);
            add.Real("weight", entry.weight, 0, 1e6, "");
            add.Add("prompt", LengthTarget(entry.prompt), "", "");
            add.Add("output", LengthTarget(entry.output), "", "");
            return table;
          },
      .allowed = fmt::format(
          "a sequence of at most {} mappings {{weight: X, prompt: LENGTH, output: LENGTH}}",
          kMostClasses)};
}

void AddRequests(ScenarioOptions& fields, SectionOptions& add) {
  WorkloadSpec& workload = fields.spec.workload;
  Option& source = add.Add(
      "workload", TextTarget{&fields.source}, "WORKLOAD",
      fmt::format("which requests arrive: {}, a trace (Azure CSV, Mooncake JSONL) or FILE.yaml",
                  fmt::join(WorkloadNames(), ", ")));
  source.key = "source";
  source.default_note = "sharegpt, or generated where lengths are given";
  source.names_section = true;
  source.may_name_file = true;
  add.Add("rate", RealTarget{&workload.rate, kMinRequestRate, kMaxRequestRate}, "R",
          "requests a second")
      .default_note = "a trace as it was recorded, else 1";
  add.Add("rate-scale", RealTarget{&workload.rate_scale, kMinRequestRate, kMaxRequestRate}, "X",
          "plays a trace this many times as fast");
  add.Add("requests", WholeTarget(workload.num_requests, 1, kMaxRequests), "N",
          "how many requests arrive")
      .default_note = fmt::format("all of a trace, else {}", kDefaultGeneratedRequests);
  add.Whole("offset", workload.offset, 0, kMaxRequests, "requests of a trace to leave out first");
  add.Whole("seed", workload.seed, 0, kMost, "the same seed draws the same requests");
  add.Add("max-output-tokens", WholeTarget(workload.max_output_tokens, 1, kMaxRequestTokens), "N",
          "longer outputs end there")
      .default_note = fmt::format("the next multiple of {}", kDefaultOutputCap);
  add.Switch("oracle", workload.oracle, "planners know how long each output will be");
  add.Switch("without-long", workload.without_long, "short-beside-long without its long prompts");
}

void AddLengths(ScenarioOptions& fields, SectionOptions& add) {
  WorkloadSpec& workload = fields.spec.workload;
  add.Add(
      "arrivals",
      ChoiceTarget<ArrivalKind>(workload.arrivals.kind, {{"default", ArrivalKind::kDefault},
                                                         {"poisson", ArrivalKind::kPoisson},
                                                         {"gamma", ArrivalKind::kGamma},
                                                         {"static", ArrivalKind::kStatic},
                                                         {"burst", ArrivalKind::kBurst},
                                                         {"loongserve", ArrivalKind::kLoongServe}}),
      "KIND", "how gaps between arrivals are drawn");
  add.Real("cv", workload.arrivals.cv, 0.01, 100, "of --arrivals gamma: coefficient of variation");
  Option& prompt = add.Add("prompt-tokens", LengthTarget(fields.single.prompt), "LENGTH",
                           "prompt lengths of a generated workload");
  prompt.key = "prompt";
  prompt.default_note = "none";
  Option& output = add.Add("output-tokens", LengthTarget(fields.single.output), "LENGTH",
                           "output lengths of a generated workload");
  output.key = "output";
  output.default_note = "none";
  Option& classes = add.Add("classes", ClassesTarget(workload.classes), "", "");
  classes.in_flags = false;
  classes.default_note = "none";
  add.Add("long-prompt-tokens", WholeTarget(fields.spec.long_prompt_tokens, 1, kMaxRequestTokens),
          "N", "prompts at least so long have TTFT rows of their own")
      .default_note = "none; 100000 for short-beside-long";
}

void AddPolicies(ScenarioOptions& fields, OptionTable& table) {
  SectionOptions add("policy", table);
  Option& policies =
      add.Add("policy", NamesTarget(fields.policies, PolicyNames()), "P,..", "who plans the steps");
  policies.key = "name";
  policies.names_section = true;
  add.Seconds("planning", fields.spec.planning_ns, 0, 1,
              "host time before each step that was planned anew");
  add.Switch("observe", fields.spec.observe,
             "the planner learns from what steps took, where --actual-profile differs");
  AddPolicyOptions(fields.spec.policy, table);
}

void AddSlo(ScenarioOptions& fields, OptionTable& table) {
  Slo& slo = fields.spec.slo;
  SectionOptions add("slo", table);
  const auto in_file = [&](std::string key, OptionTarget target) -> Option& {
    Option& option = add.Add("slo-" + key, std::move(target), "", "");
    option.key = std::move(key);
    option.in_flags = false;
    return option;
  };
  add.Add("slo",
          KeyValueShortForm({{"ttft", "slo-ttft"},
                             {"ttft-factor", "slo-ttft-factor"},
                             {"ttft-floor", "slo-ttft-floor"},
                             {"tpot", "slo-tpot"},
                             {"attainment", "slo-attainment"},
                             {"decile-attainment", "slo-decile-attainment"}},
                            "ttft=5,tpot=0.05"),
          "LIMITS", "what is fast enough, in seconds")
      .names_section = true;
  in_file("ttft", SecondsTarget(slo.ttft_limit_ns, 1e-6, kDay)).default_note =
      "by ttft-factor and ttft-floor";
  in_file("ttft-factor", RealTarget{&slo.ttft_factor, 0, 1e6});
  in_file("ttft-floor", SecondsTarget(slo.ttft_floor_ns, 0, kDay));
  in_file("tpot", SecondsTarget(slo.tpot_limit_ns, 1e-6, kDay));
  in_file("attainment", RealTarget{&slo.attainment, 0, 1});
  in_file("decile-attainment", RealTarget{&slo.decile_attainment, 0, 1});
}

}  // namespace

void AddScenarioOptions(ScenarioOptions& fields, OptionTable& table) {
  table.Add({.name = "model",
             .target = TextTarget{&fields.model},
             .value_name = "MODEL",
             .help = "a built-in shape or the path of a GGUF file"});
  AddCluster(fields, table);
  SectionOptions workload("workload", table);
  AddRequests(fields, workload);
  AddLengths(fields, workload);
  AddPolicies(fields, table);
  AddSlo(fields, table);
  table.Add({.name = "config",
             .target = TextTarget{&fields.config},
             .value_name = "FILE",
             .help = "YAML file with the sections of --print-config; flags win over it",
             .default_note = "none",
             .in_file = false});
  table.Add({.name = "print-config",
             .target = SwitchTarget{&fields.print_config},
             .value_name = "",
             .help = "print every value and where it came from, then stop",
             .in_file = false});
}

}  // namespace braid
