#include "bench/planner_chapters.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace braid {
namespace {

constexpr double kMiB = 1024;  // of /proc's kB
constexpr double kMostGrowthKb = kMiB;

/// Peak memory of this process so far, in kB; 0 where the system does not say.
double PeakKb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6));
  }
  return 0;
}

Result<SimulationSpec> ReplicasSpec(std::int64_t num_requests) {
  ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(Contender::kReplicas));
  SetNamed(spec, "sharegpt", 0);
  spec.workload.arrivals.kind = ArrivalKind::kPoisson;
  spec.cluster.num_nodes = 64;
  spec.workload.rate = 1'000;
  spec.workload.num_requests = num_requests;
  return spec;
}

struct MillionRun {
  SimulationResult small;
  SimulationResult large;
  double small_peak_kb = 0;
  double large_peak_kb = 0;
};

Result<MillionRun> RunMillion(std::int64_t small, std::int64_t large) {
  MillionRun run;
  ASSIGN_OR_RETURN(const SimulationSpec small_spec, ReplicasSpec(small));
  ASSIGN_OR_RETURN(run.small, Simulate(small_spec));
  run.small_peak_kb = PeakKb();
  ASSIGN_OR_RETURN(const SimulationSpec large_spec, ReplicasSpec(large));
  ASSIGN_OR_RETURN(run.large, Simulate(large_spec));
  run.large_peak_kb = PeakKb();
  return run;
}

std::vector<std::string> RowOf(const std::string& name, const SimulationResult& result) {
  const EngineCounts& counts = result.counts;
  const double others_ns = (result.wall_seconds - result.planner_seconds) * 1e9;
  return {name,
          fmt::format("{:.2f}", result.wall_seconds),
          fmt::format("{:.2f}", result.planner_seconds),
          fmt::format("{}", counts.plans),
          fmt::format("{:.1f}", result.planner_p50_us),
          fmt::format("{:.1f}", result.planner_p99_us),
          fmt::format("{}", counts.passes),
          fmt::format("{:.1f}", 100.0 * static_cast<double>(counts.repeats) /
                                    static_cast<double>(counts.passes)),
          fmt::format("{:.0f}", result.planner_seconds * 1e9 / static_cast<double>(counts.passes)),
          fmt::format("{:.0f}", others_ns / static_cast<double>(counts.passes)),
          fmt::format("{:.3f}", result.summary.attainment)};
}

/// As recorded, and at the rate that 16 times the devices of the other figures can serve.
constexpr double kHighRate = 30;

Status AddMooncake(const FigureOptions& options, Chapter& chapter,
                   std::vector<std::vector<std::string>>& rows) {
  if (options.mooncake.empty()) {
    chapter.targets.push_back({.what = "simulation of the Mooncake trace, 64 instances, braid",
                               .target = "<= 30 s",
                               .reached = "no trace: --mooncake PATH"});
    return Status();
  }
  ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(Contender::kBraid));
  SetTrace(spec, options.mooncake);
  spec.cluster.num_nodes = 16;
  ASSIGN_OR_RETURN(const SimulationResult recorded, Simulate(spec));
  rows.push_back(RowOf("Mooncake as recorded, 64 instances, braid", recorded));
  spec.workload.rate = kHighRate;
  ASSIGN_OR_RETURN(const SimulationResult high, Simulate(spec));
  rows.push_back(RowOf(fmt::format("Mooncake at {:g}/s, 64 instances, braid", kHighRate), high));
  const double worst_wall = std::max(recorded.wall_seconds, high.wall_seconds);
  const double worst_p50 = std::max(recorded.planner_p50_us, high.planner_p50_us);
  const double worst_p99 = std::max(recorded.planner_p99_us, high.planner_p99_us);
  const auto per_pass_us = [](const SimulationResult& result) {
    return result.planner_seconds * 1e6 / static_cast<double>(result.counts.passes);
  };
  const double worst_pass = std::max(per_pass_us(recorded), per_pass_us(high));
  chapter.targets.push_back(
      {.what = fmt::format("simulation of the Mooncake trace ({} requests), 64 instances, braid",
                           recorded.summary.num_requests),
       .target = "<= 30 s",
       .reached = fmt::format("{:.2f} s as recorded, {:.2f} s at {:g}/s", recorded.wall_seconds,
                              high.wall_seconds, kHighRate),
       .verdict = VerdictOf(worst_wall <= 30)});
  chapter.targets.push_back(
      {.what = "planning of a repeated step there",
       .target = "<= 1 us",
       .reached = fmt::format("none; all planning spread over all passes {:.3f} us", worst_pass),
       .verdict = VerdictOf(worst_pass <= 1)});
  // Calls that issue nothing are among those timed and pull the median down: judged by the P99.
  chapter.targets.push_back(
      {.what = "a full plan there, P50",
       .target = "<= 500 us",
       .reached = fmt::format("{:.1f} us of all calls, P99 {:.1f} us", worst_p50, worst_p99),
       .verdict = VerdictOf(worst_p99 <= 500)});
  return Status();
}

}  // namespace

Result<Chapter> SpeedChapter(const FigureOptions& options) {
  const std::int64_t large = options.quick ? 200'000 : 1'000'000;
  const std::int64_t small = large / 10;
  std::fprintf(stderr, "simulation speed: %lld requests on 256 instances\n",
               static_cast<long long>(large));
  ASSIGN_OR_RETURN(const MillionRun run, RunMillion(small, large));
  Chapter chapter = {.title = "### Simulation speed"};
  std::vector<std::vector<std::string>> rows = {{"run", "wall s", "planner s", "plans", "P50 us",
                                                 "P99 us", "passes", "repeats %",
                                                 "planning ns/pass", "rest ns/pass", "attainment"}};
  rows.push_back(RowOf(fmt::format("{} ShareGPT-like, 256 instances, replicas", small), run.small));
  rows.push_back(RowOf(fmt::format("{} ShareGPT-like, 256 instances, replicas", large), run.large));
  std::fprintf(stderr, "simulation speed: Mooncake trace on 64 instances\n");
  RETURN_IF_ERROR(AddMooncake(options, chapter, rows));
  chapter.targets.push_back(
      {.what = fmt::format("simulation of {} requests, 256 instances", large),
       .target = options.quick ? "<= 4 s" : "<= 20 s",
       .reached = fmt::format("{:.2f} s", run.large.wall_seconds),
       .verdict = VerdictOf(run.large.wall_seconds <= (options.quick ? 4 : 20))});
  const double growth_kb = run.large_peak_kb - run.small_peak_kb;
  chapter.targets.push_back(
      {.what = "memory with ten times the requests",
       .target = "<= 1 MiB more",
       .reached = fmt::format("{:.1f} MiB -> {:.1f} MiB", run.small_peak_kb / kMiB,
                              run.large_peak_kb / kMiB),
       // A byte of each would show.
       .verdict = VerdictOf(run.small_peak_kb > 0 && growth_kb <= kMostGrowthKb)});
  chapter.details = fmt::format(
      "One thread. {} and {} requests peak at {:.1f} and {:.1f} MiB of memory: {:.2f} bytes for "
      "each "
      "further request. P50 and P99 are of all calls of the planner, those that issue nothing "
      "too.\n\n",
      small, large, run.small_peak_kb / kMiB, run.large_peak_kb / kMiB,
      growth_kb * 1024 / static_cast<double>(large - small));
  chapter.details += MarkdownTable(rows);
  return chapter;
}

}  // namespace braid
