#include "launch/simulate_command.h"

#include "launch/read_options.h"
#include "launch/scenario.h"
#include "launch/simulate_options.h"
#include "launch/simulation_files.h"
#include "launch/simulation_progress.h"
#include "launch/simulation_report.h"
#include "planner/sim/report/output_file.h"
#include "planner/sim/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <utility>

namespace braid {
namespace {

CommandSyntax Syntax() {
  return {.name = "simulate",
          .summary =
              "Serves a workload on machines that are only described, under one policy or several, "
              "and tells how it went.",
          .footer =
              "  braid simulate --cluster a800-80gb:8:tp2 --model lwm-7b --workload zipf-1.2 \\\n"
              "      --rate 0.5 --policy braid,loongserve\n"
              "  braid simulate --workload TRACE --rate-scale 2 --out results\n"
              "  braid simulate --config scenario.yaml --find-goodput\n"};
}

/// Simulates what a command line asks for, policy by policy.
class Simulation {
 public:
  Simulation(const SimulateOptions& options, const OptionTable& table, Scenario scenario,
             CommandContext& context)
      : options_(options),
        table_(table),
        scenario_(std::move(scenario)),
        context_(context),
        progress_(context) {}

  ExitCode Run();

 private:
  Status RunAll();
  Status RunPolicy(const std::string& policy);
  Result<double> SearchRate(const SimulationSpec& spec, GoodputRule rule, GoodputOutcome& outcome);
  Status FindRates(SimulationSpec& spec, PolicyRun& run);
  Status WriteReports() const;
  std::int64_t CountRequests(const WorkloadSpec& workload) const;

  const SimulateOptions& options_;
  const OptionTable& table_;
  Scenario scenario_;
  CommandContext& context_;
  SimulationProgress progress_;
  std::vector<PolicyRun> runs_;
};

/// Also reads a whole trace, where that is worth a percentage to somebody.
std::int64_t Simulation::CountRequests(const WorkloadSpec& workload) const {
  const std::int64_t expected = ExpectedRequests(workload);
  if (expected > 0 || !context_.err_is_terminal) return expected;
  const Result<std::unique_ptr<RequestSource>> source = OpenWorkload(workload);
  std::int64_t count = 0;
  Request request;
  while (source.ok() && (*source)->Next(request)) ++count;
  return count;
}

Result<double> Simulation::SearchRate(const SimulationSpec& spec, GoodputRule rule,
                                      GoodputOutcome& outcome) {
  const std::string name = rule.decile_attainment > 0 ? "goodput by the decile rule" : "goodput";
  const std::string what = fmt::format("{}, {}", spec.policy.name, name);
  const auto begin = [&](const std::string& rates) {
    progress_.Begin(what + rates, options_.scenario.spec.workload.num_requests);
  };
  begin("");
  const GoodputSearch search{.rule = rule,
                             .precision = options_.precision,
                             .num_requests = spec.workload.num_requests,
                             .during = progress_.check()};
  const Result<Goodput> found = FindGoodput(spec, search, [&](const RatePoint& point) {
    outcome.points.push_back(point);
    progress_.Clear();
    context_.err << fmt::format(
        "{}: {:.4g} requests/s: {:.1f} % meet the SLO, {:.1f} % of the "
        "worst decile: {}\n",
        what, point.rate, point.attainment * 100, point.worst_decile * 100,
        point.good ? "good" : "too many");
    begin("");
    return !progress_.interrupted();
  });
  progress_.Clear();
  if (!found.ok()) return found.error();
  const auto is_good = [](const RatePoint& point) { return point.good; };
  if (std::all_of(found->points.begin(), found->points.end(), is_good)) {
    context_.err << fmt::format(
        "braid: warning: {}: no rate up to {:.4g} requests/s is too many for so few requests; use "
        "more of them, or a longer trace\n",
        what, found->rate);
  }
  return found->rate;
}

/// Searches by both rules and leaves `spec` at the rate found: that of the decile rule, the lower
/// one, unless it is 0.
Status Simulation::FindRates(SimulationSpec& spec, PolicyRun& run) {
  run.goodput.emplace();
  const double attainment = spec.slo.attainment;
  Summary& summary = run.result.summary;
  ASSIGN_OR_RETURN(summary.goodput_rate,
                   SearchRate(spec, {.attainment = attainment}, *run.goodput));
  ASSIGN_OR_RETURN(
      summary.decile_goodput_rate,
      SearchRate(spec, {.attainment = attainment, .decile_attainment = spec.slo.decile_attainment},
                 *run.goodput));
  for (const double rate : {summary.decile_goodput_rate, summary.goodput_rate}) {
    if (rate <= 0) continue;
    GoodputSearch search;
    search.num_requests = spec.workload.num_requests;
    spec.workload.num_requests = RequestsAt(rate, spec.workload, search);
    spec.workload.rate = rate;
    break;
  }
  return {};
}

Status Simulation::RunPolicy(const std::string& policy) {
  SimulationSpec spec = scenario_.SpecFor(policy);
  PolicyRun run{.policy = policy};
  if (options_.find_goodput) {
    const Status searched = FindRates(spec, run);
    if (searched.code() == StatusCode::kAborted) {
      run.goodput->ended = false;
      run.result.interrupted = true;
      runs_.push_back(std::move(run));
      return {};
    }
    RETURN_IF_ERROR(searched);
  }
  std::unique_ptr<SimulationFiles> files;
  if (!options_.out.empty()) {
    ASSIGN_OR_RETURN(files, SimulationFiles::Make(options_.out, policy, spec.slo));
  }
  progress_.Begin(policy, CountRequests(spec.workload));
  Result<SimulationResult> result =
      Simulate(spec, files == nullptr ? nullptr : &files->observer(), progress_.check());
  progress_.Clear();
  if (files != nullptr) RETURN_IF_ERROR(files->Close());
  if (!result.ok()) return result.error();
  result->summary.goodput_rate = run.result.summary.goodput_rate;
  result->summary.decile_goodput_rate = run.result.summary.decile_goodput_rate;
  run.result = *std::move(result);
  runs_.push_back(std::move(run));
  return {};
}

Status Simulation::RunAll() {
  for (const std::string& policy : scenario_.policies) {
    const Status status = RunPolicy(policy);
    if (!status.ok()) return status.WithContext("policy " + policy);
    if (progress_.interrupted()) break;
  }
  return {};
}

Status Simulation::WriteReports() const {
  if (options_.out.empty()) return {};
  RETURN_IF_ERROR(WriteOutputFile(options_.out + "/summary.json", SimulationJson(runs_)));
  RETURN_IF_ERROR(WriteOutputFile(options_.out + "/config.yaml", PrintConfig(table_)));
  return WriteOutputFile(options_.out + "/wall_clock.json", WallClockJson(runs_));
}

ExitCode Simulation::Run() {
  for (const std::string& warning : scenario_.warnings) {
    context_.err << "braid: warning: " << warning << '\n';
  }
  Status status = options_.out.empty() ? Status() : MakeFolder(options_.out);
  if (status.ok()) status = RunAll();
  if (status.ok()) status = WriteReports();
  progress_.Clear();
  if (!status.ok()) return Fail(status, context_);
  context_.out << (options_.json ? SimulationJson(runs_) : SimulationText(scenario_, runs_));
  context_.out.flush();
  if (!options_.out.empty()) context_.err << "braid: wrote " << options_.out << '\n';
  const PolicyRun& last = runs_.back();
  if (!progress_.interrupted() ||
      (!last.result.interrupted && runs_.size() == scenario_.policies.size())) {
    return ExitCode::kSuccess;
  }
  const bool searching = last.goodput.has_value() && !last.goodput->ended;
  context_.err << fmt::format(
      "braid: interrupted in policy {} ({} of {}) after {} {}; the figures are of what was "
      "done\n",
      last.policy, runs_.size(), scenario_.policies.size(),
      searching ? last.goodput->points.size()
                : static_cast<std::size_t>(last.result.summary.num_finished),
      searching ? "rates of the search for goodput" : "requests");
  return ExitCode::kInterrupted;
}

}  // namespace

ExitCode SimulateCommand(Arguments arguments, CommandContext& context) {
  SimulateOptions options;
  OptionTable table = TableOf(options);
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
  if (options.find_goodput) {
    given.RefuseBoth("find-goodput", "rate", "the search tries rates itself; leave one out");
    given.RefuseBoth("find-goodput", "rate-scale", "the search tries rates itself; leave one out");
  } else if (given.IsSet("precision")) {
    given.Add({"precision"},
              fmt::format("{} has a meaning only with --find-goodput", given.NameOf("precision")));
  }
  Result<Scenario> scenario = SettleScenario(options.scenario, given);
  if (!scenario.ok()) return Fail(scenario.error(), context);
  return Simulation(options, table, *std::move(scenario), context).Run();
}

}  // namespace braid
