#include "bench/planner_chapters.h"

#include <fmt/format.h>

namespace braid {
namespace {

constexpr const char* kWorkload = "short-beside-long";
constexpr double kShareOfGoodput = 0.7;
constexpr std::int64_t kLongPrompt = 50'000;  // between the longest short and the shortest long

Result<SimulationSpec> SpecOf(Contender contender, bool quick) {
  ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(contender));
  SetNamed(spec, kWorkload, 0);
  spec.workload.arrivals.kind = ArrivalKind::kPoisson;
  spec.workload.num_requests = quick ? 400 : 2'000;
  spec.long_prompt_tokens = kLongPrompt;
  return spec;
}

std::vector<std::string> RowOf(const char* name, const Summary& summary) {
  return {name,
          fmt::format("{:.3f}", summary.short_ttft_s.p50),
          fmt::format("{:.3f}", summary.short_ttft_s.p90),
          fmt::format("{:.3f}", summary.short_ttft_s.p99),
          fmt::format("{:.3f}", summary.long_ttft_s.p90),
          fmt::format("{:.4f}", summary.tpot_s.p90),
          fmt::format("{:.3f}", summary.attainment),
          fmt::format("{}", summary.num_finished)};
}

Target RatioTarget(const char* what, double reached, bool at_least, double target) {
  return {.what = what,
          .target = fmt::format("{} {:g}", at_least ? ">=" : "<=", target),
          .reached = fmt::format("{:.2f}", reached),
          .verdict = VerdictOf(at_least ? reached >= target : reached <= target)};
}

}  // namespace

Result<Chapter> BesideChapter(const FigureOptions& options, Goodputs& goodputs) {
  ASSIGN_OR_RETURN(SimulationSpec paper, SpecOf(Contender::kLoongServe, options.quick));
  ASSIGN_OR_RETURN(SimulationSpec braid, SpecOf(Contender::kBraid, options.quick));
  const std::string name = "short-beside-long loongserve seed 0";
  GoodputSearch search;
  search.low = 0.5;
  search.precision = options.quick ? 0.1 : 0.01;
  search.num_requests = paper.workload.num_requests;
  goodputs.Ask(name, paper, search);
  goodputs.Run();
  const double rate = kShareOfGoodput * goodputs.Rate(name);
  if (rate <= 0) return Internal("loongserve has no goodput on " + std::string(kWorkload));

  paper.workload.rate = rate;
  braid.workload.rate = rate;
  ASSIGN_OR_RETURN(const SimulationResult theirs, Simulate(paper));
  ASSIGN_OR_RETURN(const SimulationResult ours, Simulate(braid));
  SimulationSpec without = braid;
  without.workload.without_long = true;
  ASSIGN_OR_RETURN(const SimulationResult alone, Simulate(without));

  Chapter chapter = {.title = "### Short prompts beside long ones"};
  const double short_p90 = ours.summary.short_ttft_s.p90;
  chapter.targets = {
      RatioTarget("short beside long: P90 TTFT of short, loongserve / braid",
                  theirs.summary.short_ttft_s.p90 / short_p90, true, 10),
      RatioTarget("short beside long: P90 TTFT of short, braid / without long",
                  short_p90 / alone.summary.short_ttft_s.p90, false, 2),
      RatioTarget("short beside long: P90 TTFT of long, braid / loongserve",
                  ours.summary.long_ttft_s.p90 / theirs.summary.long_ttft_s.p90, false, 1.3)};
  chapter.details = fmt::format(
      "{} requests, Poisson, seed 0, at {:.3f}/s: 0.7 of loongserve's goodput there, {:.3f}/s. "
      "Seconds.\n\n",
      paper.workload.num_requests, rate, goodputs.Rate(name));
  chapter.details += MarkdownTable({{"policy", "short TTFT P50", "P90", "P99", "long TTFT P90",
                                     "TPOT P90", "attainment", "finished"},
                                    RowOf("loongserve", theirs.summary),
                                    RowOf("braid", ours.summary),
                                    RowOf("braid, no long prompts", alone.summary)});
  return chapter;
}

}  // namespace braid
