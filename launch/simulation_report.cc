#include "launch/simulation_report.h"

#include "launch/text_table.h"
#include "planner/sim/report/summary_json.h"
#include "planner/sim/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace braid {
namespace {

using Json = nlohmann::ordered_json;

std::vector<NamedSummary> Summaries(std::span<const PolicyRun> runs) {
  std::vector<NamedSummary> summaries;
  for (const PolicyRun& run : runs) {
    const char* note = run.result.interrupted ? " (interrupted)" : "";
    summaries.push_back({run.policy + note, run.result.summary});
  }
  return summaries;
}

std::string EngineTable(std::span<const PolicyRun> runs) {
  constexpr std::array<std::pair<const char*, std::uint64_t EngineCounts::*>, 7> kRows = {{
      {"planner calls", &EngineCounts::plans},
      {"steps planned", &EngineCounts::steps},
      {"steps foreseen", &EngineCounts::forecasts},
      {"of them issued as foreseen", &EngineCounts::foreseen},
      {"forward passes", &EngineCounts::passes},
      {"of them repeated, not planned", &EngineCounts::repeats},
      {"evictions", &EngineCounts::evictions},
  }};
  std::vector<std::string> header = {"engine"};
  std::vector<TextTable::Align> align = {TextTable::Align::kLeft};
  for (const PolicyRun& run : runs) {
    header.push_back(run.policy);
    align.push_back(TextTable::Align::kRight);
  }
  TextTable table(header, align);
  for (const auto& [name, count] : kRows) {
    std::vector<std::string> cells = {name};
    for (const PolicyRun& run : runs) cells.push_back(FormatCount(run.result.counts.*count));
    table.AddRow(cells);
  }
  constexpr std::array<std::pair<const char*, std::uint64_t CostModel::TemplateUses::*>, 2>
      kTemplates = {{{"templates made", &CostModel::TemplateUses::made},
                     {"templates found", &CostModel::TemplateUses::found}}};
  for (const auto& [name, count] : kTemplates) {
    std::vector<std::string> cells = {name};
    for (const PolicyRun& run : runs) cells.push_back(FormatCount(run.result.templates.*count));
    table.AddRow(cells);
  }
  return table.ToString();
}

Json EngineJson(const SimulationResult& result) {
  const EngineCounts& counts = result.counts;
  return {{"planner_calls", counts.plans},
          {"templates_made", result.templates.made},
          {"templates_found", result.templates.found},
          {"steps", counts.steps},
          {"forecasts", counts.forecasts},
          {"foreseen", counts.foreseen},
          {"passes", counts.passes},
          {"repeats", counts.repeats},
          {"evictions", counts.evictions}};
}

Json RatesJson(const GoodputOutcome& goodput) {
  Json rates = Json::array();
  for (const RatePoint& point : goodput.points) {
    rates.push_back({{"rate", point.rate},
                     {"attainment", point.attainment},
                     {"worst_decile", point.worst_decile}});
  }
  return rates;
}

std::string WorkloadText(const WorkloadSpec& workload) {
  const std::string what = workload.kind == WorkloadKind::kNamed   ? workload.name
                           : workload.kind == WorkloadKind::kTrace ? workload.path
                                                                   : "generated requests";
  std::string text = what;
  if (workload.rate > 0) {
    text += fmt::format(", {} requests/s", workload.rate);
  } else if (workload.kind == WorkloadKind::kTrace) {
    text += ", as recorded";
    if (workload.rate_scale != 1) text += fmt::format(" x {}", workload.rate_scale);
  }
  if (workload.kind != WorkloadKind::kTrace) text += fmt::format(", seed {}", workload.seed);
  return text;
}

}  // namespace

std::string ScenarioLine(const Scenario& scenario) {
  const ClusterSpec& cluster = scenario.spec.cluster;
  const SimulationSpec& spec = scenario.spec;
  const std::string believed =
      spec.actual ? fmt::format(" that the planner takes for {}", spec.profile.name) : "";
  return fmt::format("{} on {} x {}{}, tp {}: {} instances; {}", spec.model.name,
                     cluster.num_devices(), spec.actual.value_or(spec.profile).name, believed,
                     cluster.tensor_size, cluster.num_instances(), WorkloadText(spec.workload));
}

std::string SimulationText(const Scenario& scenario, std::span<const PolicyRun> runs) {
  return fmt::format("{}\n\n{}\n{}", ScenarioLine(scenario), SummaryTable(Summaries(runs)),
                     EngineTable(runs));
}

std::string SimulationJson(std::span<const PolicyRun> runs) {
  std::vector<NamedSummary> summaries;
  for (const PolicyRun& run : runs) summaries.push_back({run.policy, run.result.summary});
  Json json = Json::parse(SummaryJson(summaries));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json& policy = json["policies"][i];
    policy["engine"] = EngineJson(runs[i].result);
    policy["interrupted"] = runs[i].result.interrupted;
    if (runs[i].goodput) policy["rates_tried"] = RatesJson(*runs[i].goodput);
  }
  return json.dump(2) + "\n";
}

std::string WallClockJson(std::span<const PolicyRun> runs) {
  Json json = {{"policies", Json::array()}};
  for (const PolicyRun& run : runs) {
    const SimulationResult& result = run.result;
    const double wall = std::max(result.wall_seconds, 1e-9);
    json["policies"].push_back(
        {{"policy", run.policy},
         {"wall_s", result.wall_seconds},
         {"simulated_s_per_wall_s", result.summary.duration_s / wall},
         {"requests_per_wall_s", static_cast<double>(result.summary.num_finished) / wall},
         {"planner_s", result.planner_seconds},
         {"planner_call_p50_us", result.planner_p50_us},
         {"planner_call_p99_us", result.planner_p99_us}});
  }
  return json.dump(2) + "\n";
}

}  // namespace braid
