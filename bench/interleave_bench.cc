// Interleaving in the task clock: the published comparison of disciplines beside what the clock
// says, the figures with targets and their spread over draws of the traffic, and the clock's speed.
//
//   interleave_bench [SEEDS]   (32 unless told)
#include "planner/cost/approximate_rates.h"
#include "planner/cost/approximate_round_rates.h"
#include "planner/sim/clock/co_run.h"
#include "planner/sim/clock/interleave_figures.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

void PrintTable(const InterleaveReport& report) {
  std::printf("draw %llu; per discipline: here (published)\n",
              static_cast<unsigned long long>(report.reference_seed));
  for (const bool throughput : {true, false}) {
    std::printf("\n%-24s", throughput ? "saturated throughput" : "mean latency, load 1.0");
    for (const char* column : kInterleaveColumns) std::printf("%-16s", column);
    std::printf("\n");
    for (const InterleaveRow& row : report.table) {
      std::printf("network share %.2f      ", static_cast<double>(row.network_share) / 1000);
      for (std::size_t i = 0; i < row.here.size(); ++i) {
        const auto& published = throughput ? row.published_throughput : row.published_latency;
        const double here = throughput ? row.here[i].throughput : row.here[i].mean_latency;
        char cell[32];
        if (i < published.size() && published[i] > 0) {
          std::snprintf(cell, sizeof(cell), "%.2f (%.2f)", here, published[i]);
        } else {
          std::snprintf(cell, sizeof(cell), "%.2f", here);
        }
        std::printf("%-16s", cell);
      }
      std::printf("\n");
    }
  }
}

void PrintFigures(const InterleaveReport& report) {
  std::printf(
      "\nlanes, depth 3, network share 0.40, contention 1.10; seed 0 (least .. median .. most "
      "of %d seeds)\n",
      report.num_seeds);
  for (std::size_t i = 0; i < report.figures.size(); ++i) {
    const InterleaveFigure& figure = report.figures[i];
    const InterleaveReport::Spread& spread = report.spreads[i];
    std::printf("  %-40s %.3f  target %s %.3f  %s  (%.3f .. %.3f .. %.3f)\n", figure.what.c_str(),
                figure.reached, figure.at_least ? ">=" : "<=", figure.target,
                figure.met() ? "met" : "NOT MET", spread.least, spread.median, spread.most);
  }
  std::printf("  mean latency over TP: %.3f on draw %llu, %.3f of the means over all seeds\n",
              report.reference_latency_ratio,
              static_cast<unsigned long long>(report.reference_seed), report.pooled_latency_ratio);
  const InterleaveReport::LatencyBound& bound = report.latency_bound;
  std::printf(
      "  no schedule goes below: %.3f on seed 0, %.3f on draw %llu, %.3f of the means, %.3f in the "
      "median; above the target on %d of %d seeds\n",
      bound.seed_0, bound.reference, static_cast<unsigned long long>(report.reference_seed),
      bound.pooled, bound.median, bound.num_out_of_reach, report.num_seeds);
  std::printf("  waiting of the strand that waited longest over its step: %.3f\n",
              report.worst_waiting);
  std::printf("  saturated throughput over TP with depth 2: %.3f\n",
              report.depth_2_throughput_ratio);
}

// A layer of 20 tasks, two of them all-reduces, 32 layers.
TimedTemplate MakeDeepStep() {
  TimedTemplate tmpl;
  for (int i = 0; i < 20; ++i) {
    const bool network = i == 10 || i == 19;
    TimedTask task;
    task.lane = network ? Lane::kNetwork : Lane::kCompute;
    task.work = network ? WorkClass::kNetwork : i % 2 == 0 ? WorkClass::kMatMul : WorkClass::kOther;
    task.cuttable = true;
    task.fixed_ns = network ? 170'000 : 20'000 + 3'000 * (i % 10);
    task.num_dependencies = 1;
    tmpl.tasks.push_back(task);
  }
  tmpl.dependencies = {1};
  tmpl.layer = {0, 20};
  tmpl.num_layers = 32;
  return tmpl;
}

template <typename Body>
double MedianUs(const Body& body) {
  std::vector<double> times;
  for (int i = 0; i < 1000; ++i) {
    const Clock::time_point start = Clock::now();
    body();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + 500, times.end());
  return times[500];
}

int PrintSpeed() {
  const TimedTemplate tmpl = MakeDeepStep();
  std::printf("\n32 layers of 20 tasks\n");
  const std::pair<const char*, Discipline> disciplines[] = {
      {"lanes", {}}, {"rounds", {.kind = DisciplineKind::kRounds}}};
  for (const auto& [name, discipline] : disciplines) {
    Result<TaskClock> clock = TaskClock::Make(discipline, MakeInterleaveContention({}));
    if (!clock.ok()) return 1;
    ClockResult result;
    for (std::size_t strands = 1; strands <= 3; ++strands) {
      const std::vector<StrandStart> starts(strands, {.tmpl = &tmpl});
      bool ok = true;
      const double us = MedianUs([&] { ok = ok && clock->Run(starts, {}, &result).ok(); });
      if (!ok) return 1;
      std::printf("  %-7s %zu strands: %5.1f us, %4.1f ns a task\n", name, strands, us,
                  us * 1000 / (640.0 * static_cast<double>(strands)));
    }
  }
  const StrandShape step = ShapeOf(tmpl, {}, 20'000'000);
  std::size_t kept = 0;
  for (std::size_t strands = 2; strands <= 3; ++strands) {
    const std::vector<StrandShape> shapes(strands, step);
    const double lanes = MedianUs([&] { kept += ApproximateRates(shapes, {}).size(); });
    const double rounds = MedianUs([&] { kept += ApproximateRoundRates(shapes, {}).size(); });
    std::printf("  closed forms, %zu strands: lanes %.2f us, rounds %.2f us\n", strands, lanes,
                rounds);
  }
  return kept == 10'000 ? 0 : 1;
}

int Main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 32;
  const Result<InterleaveReport> report = InterleaveFigures(std::clamp(seeds, 1, 10'000));
  if (!report.ok()) {
    std::fprintf(stderr, "interleave_bench: %s\n", report.error().ToString().c_str());
    return 1;
  }
  PrintTable(*report);
  PrintFigures(*report);
  return PrintSpeed();
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::Main(argc, argv); }
