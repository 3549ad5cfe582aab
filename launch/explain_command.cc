#include "launch/explain_command.h"

#include "launch/glimpse.h"
#include "launch/glimpse_text.h"
#include "launch/option_targets.h"
#include "launch/read_options.h"
#include "launch/scenario.h"
#include "launch/simulate_options.h"

#include <fmt/format.h>

#include <ostream>

namespace braid {
namespace {

CommandSyntax Syntax() {
  return {.name = "explain",
          .summary =
              "Says why a policy decided as it did at a time of a simulation, and what the "
              "runners-up would have cost.",
          .footer =
              "  braid explain --workload mixed --at 60 --steps 3\n"
              "  braid explain --workload mixed --request 17\n"};
}

/// Why there is nothing to print.
Status NothingSaid(const GlimpseOptions& options, const std::string& policy,
                   const Glimpse& glimpse) {
  const std::string from = SecondsText(options.at_ns);
  const std::string end = SecondsText(glimpse.end_ns);
  if (!glimpse.says_reasons) {
    return FailedPrecondition(fmt::format(
        "the policy {} gave no reasons up to {} s: it decides by fixed rules; --policy braid says "
        "why",
        policy, end));
  }
  if (options.request < 0) {
    return FailedPrecondition(fmt::format(
        "nothing was decided between {} s and {} s; choose an earlier --at", from, end));
  }
  if (!glimpse.request_arrived) {
    return FailedPrecondition(fmt::format(
        "request {} is not there between {} s and {} s: ids count from 0 in order of arrival; "
        "choose another or an earlier --at",
        options.request, from, end));
  }
  return FailedPrecondition(
      fmt::format("nothing was decided about request {} between {} s and {} s; choose an earlier "
                  "--at",
                  options.request, from, end));
}

Status PrintDecisions(const GlimpseOptions& options, const Scenario& scenario,
                      CommandContext& context) {
  const std::string& policy = scenario.policies.front();
  GlimpseQuestion question{.at_ns = options.at_ns,
                           .num_decisions = static_cast<std::size_t>(options.steps)};
  if (options.request >= 0) question.request = static_cast<std::uint64_t>(options.request);
  ASSIGN_OR_RETURN(const Glimpse glimpse, LookInto(scenario.SpecFor(policy), question));
  if (glimpse.decisions.empty()) return NothingSaid(options, policy, glimpse);
  context.out << StateText(glimpse);
  for (const Decision& decision : glimpse.decisions) context.out << '\n' << DecisionText(decision);
  return {};
}

}  // namespace

ExitCode ExplainCommand(Arguments arguments, CommandContext& context) {
  GlimpseOptions options;
  OptionTable table = ExplainTableOf(options);
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
  if (options.scenario.policies.size() != 1) {
    given.Add({"policy"}, fmt::format("{} names {} policies, but one is explained: name it",
                                      given.NameOf("policy"), options.scenario.policies.size()));
  }
  const Result<Scenario> scenario = SettleScenario(options.scenario, given);
  if (!scenario.ok()) return Fail(scenario.error(), context);
  const Status status = PrintDecisions(options, *scenario, context);
  return status.ok() ? ExitCode::kSuccess : Fail(status, context);
}

}  // namespace braid
