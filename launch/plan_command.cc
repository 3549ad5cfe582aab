#include "launch/plan_command.h"

#include "launch/glimpse.h"
#include "launch/glimpse_text.h"
#include "launch/option_targets.h"
#include "launch/plan_check.h"
#include "launch/read_options.h"
#include "launch/scenario.h"
#include "launch/simulate_options.h"
#include "planner/policy/policy.h"
#include "planner/sim/simulation/run_costs.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <string>

namespace braid {
namespace {

CommandSyntax Syntax() {
  return {.name = "plan",
          .summary =
              "Prints the next steps that a policy issues at a time of a simulation, as plan text, "
              "and checks them; or checks a plan in a file.",
          .footer =
              "  braid plan --workload zipf-1.2 --at 60 --steps 2 --out steps.plan\n"
              "  braid plan --check steps.plan\n"};
}

constexpr const char* kChecked =
    "the rules of steps, the templates of all ranks, the bytes of every message";

Status PrintSteps(const GlimpseOptions& options, const Scenario& scenario,
                  CommandContext& context) {
  const SimulationSpec spec = scenario.SpecFor(scenario.policies.front());
  ASSIGN_OR_RETURN(const Glimpse glimpse,
                   LookInto(spec, {.at_ns = options.at_ns,
                                   .num_steps = static_cast<std::size_t>(options.steps)}));
  if (glimpse.steps.empty()) {
    return FailedPrecondition(
        fmt::format("no step is planned from {} s on: the last request ended at {} s; choose an "
                    "earlier --at or more --requests",
                    SecondsText(options.at_ns), SecondsText(glimpse.end_ns)));
  }
  const PlanGround ground{
      .model = spec.model, .cluster = glimpse.cluster, .kv_slots = glimpse.kv_slots};
  Plan plan;
  context.out << StateText(glimpse);
  for (const IssuedStep& issued : glimpse.steps) {
    const Status checked = CheckStep(issued.step, ground);
    if (!checked.ok()) {
      return Internal(fmt::format("step {} does not pass the check: {}", issued.step.number,
                                  checked.message()));
    }
    context.out << '\n'
                << StepText(issued) << "# checked: " << kChecked << '\n'
                << ShortPlanText(issued.step);
    plan.steps.push_back(issued.step);
  }
  return options.out.empty() ? Status() : WritePlanFile(options.out, plan);
}

Status CheckFile(const GlimpseOptions& options, const Scenario& scenario, CommandContext& context) {
  const ClusterSpec cluster = ClusterFor(scenario.policies.front(), scenario.spec.cluster);
  ASSIGN_OR_RETURN(const RunCosts costs, RunCosts::Make(scenario.spec, cluster));
  ASSIGN_OR_RETURN(const Plan plan, ReadPlanFile(options.check));
  const Status status = CheckPlan(
      plan,
      {.model = scenario.spec.model, .cluster = cluster, .kv_slots = costs.actual().kv_slots()});
  if (!status.ok()) return status.WithContext(options.check);
  context.out << fmt::format("{}: {} steps checked: {}\n", options.check, plan.steps.size(),
                             kChecked);
  return {};
}

Status Contradict(Contradictions& given, const ScenarioOptions& options) {
  for (const char* other : {"at", "steps", "out"}) {
    given.RefuseBoth("check", other, "a plan in a file is checked, or steps are planned");
  }
  if (options.policies.size() != 1) {
    given.Add({"policy"}, fmt::format("{} names {} policies, but one plans: name it",
                                      given.NameOf("policy"), options.policies.size()));
  }
  return given.ToStatus();
}

/// Whether a file can be made there: said before a simulation rather than after it.
Status CheckOut(const std::string& out) {
  std::error_code error;
  const std::filesystem::path path(out);
  if (std::filesystem::is_directory(path, error)) {
    return InvalidArgument("--out " + out + ": is a folder; name a file");
  }
  const std::filesystem::path folder = path.parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
  return InvalidArgument("--out " + out + ": there is no folder " + folder.string() +
                         "; make it first");
}

}  // namespace

ExitCode PlanCommand(Arguments arguments, CommandContext& context) {
  GlimpseOptions options;
  OptionTable table = PlanTableOf(options);
  const Result<CommandLine> line = ReadOptions(Syntax(), table, arguments, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  if (line->wants_help) {
    context.out << line->help;
    return ExitCode::kSuccess;
  }
  if (options.scenario.print_config) {
    context.out << PrintConfig(table);
    return ExitCode::kSuccess;
  }
  Contradictions given(table);
  for (const Status& status : {Contradict(given, options.scenario), CheckOut(options.out)}) {
    if (!status.ok()) return Fail(status, context);
  }
  const Result<Scenario> scenario = SettleScenario(options.scenario, given);
  if (!scenario.ok()) return Fail(scenario.error(), context);
  const Status status = options.check.empty() ? PrintSteps(options, *scenario, context)
                                              : CheckFile(options, *scenario, context);
  return status.ok() ? ExitCode::kSuccess : Fail(status, context);
}

}  // namespace braid
