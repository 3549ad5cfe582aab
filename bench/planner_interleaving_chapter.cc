#include "bench/planner_chapters.h"
#include "planner/sim/clock/interleave_figures.h"

#include <fmt/format.h>

#include <utility>

namespace braid {
namespace {

bool IsLatency(const InterleaveFigure& figure) {
  return figure.what.find("latency") != std::string::npos;
}

Target TargetOf(const std::string& what, double reached, double target, bool at_least) {
  return {.what = "interleaving: " + what,
          .target = fmt::format("{} {:g}", at_least ? ">=" : "<=", target),
          .reached = fmt::format("{:.3f}", reached),
          .verdict = VerdictOf(at_least ? reached >= target : reached <= target)};
}

/// At its capacity a queue has no stationary latency, so the figure is that of the draw: the one on
/// which TP has the published latency, chosen by TP alone, seed 0, and all seeds together. All are
/// judged, as they differ.
void AddLatency(const InterleaveReport& report, const InterleaveFigure& figure, Chapter& chapter) {
  const auto add = [&](const std::string& draw, double reached, double bound) {
    Target target = TargetOf(figure.what + draw, reached, figure.target, false);
    target.reached += fmt::format(" (no schedule below {:.3f})", bound);
    chapter.targets.push_back(std::move(target));
  };
  const InterleaveReport::LatencyBound& bound = report.latency_bound;
  add(fmt::format(", draw {} (TP as published)", report.reference_seed),
      report.reference_latency_ratio, bound.reference);
  add(", seed 0", figure.reached, bound.seed_0);
  add(fmt::format(", means over {} draws", report.num_seeds), report.pooled_latency_ratio,
      bound.pooled);
}

}  // namespace

Result<Chapter> InterleavingChapter(const FigureOptions& options) {
  ASSIGN_OR_RETURN(const InterleaveReport report, InterleaveFigures(options.quick ? 4 : 32));
  Chapter chapter = {.title = "### Interleaving in the clock"};
  for (const InterleaveFigure& figure : report.figures) {
    if (IsLatency(figure)) {
      AddLatency(report, figure, chapter);
      continue;
    }
    chapter.targets.push_back(
        TargetOf(figure.what, figure.reached, figure.target, figure.at_least));
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
  chapter.details += fmt::format(
      "\nWhat no schedule goes below in mean latency over TP, even one that knows the arrivals "
      "(planner/sim/clock/interleave_bound.h), is {:.3f} in the median of the {} seeds and above "
      "the target on {} of them.\n",
      report.latency_bound.median, report.num_seeds, report.latency_bound.num_out_of_reach);
  return chapter;
}

}  // namespace braid
