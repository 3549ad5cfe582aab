#include "bench/planner_chapters.h"
#include "planner/sim/bound/bound.h"
#include "planner/sim/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace braid {
namespace {

constexpr double kDecileAttainment = 0.8;
constexpr double kMostWanted = 1.5;
constexpr double kOfBound = 0.85;
constexpr double kLeastRate = 0.001;

/// A workload of the comparison. Raw goodputs of braid are high where it may give up long prompts,
/// so that runs of 1,000 x rate requests take minutes: searched on one seed then, and from near the
/// answer. Shorter runs would flatter: their queue has no time to grow.
struct Traffic {
  const char* workload;  ///< "" is the Mooncake trace
  double raw_low = 0;    ///< where the search of braid's raw goodput begins; 0: as all others
  /// Of every run; 0: 1,000 x rate. The longest prompts of Mixed may take 900 s to their first
  /// token: a run must be far longer, or much of its work is done after the last arrival.
  std::int64_t num_requests = 0;
};
constexpr Traffic kTraffic[] = {
    {"zipf-1.0"}, {"zipf-1.2", 32}, {"zipf-1.4", 75}, {"mixed", 0, 6'000}, {""}};
constexpr double kLow = 0.1;
constexpr double kCoarsePrecision = 0.03;

/// What was found for one workload and rule, by seed.
struct Found {
  std::vector<double> braid;
  std::vector<double> loongserve;
  std::vector<double> bound;      ///< of traffic like that of braid's run, without end
  std::vector<double> run_bound;  ///< of that run

  double ratio() const { return MeanOf(braid) / MeanOf(loongserve); }
  double bound_ratio() const { return MeanOf(bound) / MeanOf(loongserve); }
};

class Comparison {
 public:
  Comparison(const FigureOptions& options, Goodputs& goodputs)
      : options_(options), goodputs_(goodputs) {}

  int SeedsOf(const Traffic& traffic, bool deciles) const {
    const bool one = *traffic.workload == '\0' || (traffic.raw_low > 0 && !deciles);
    return options_.quick || one ? 1 : options_.seeds;
  }

  Status Ask(const Traffic& traffic) {
    for (const Contender contender : {Contender::kLoongServe, Contender::kBraid}) {
      for (const bool deciles : {false, true}) {
        for (int seed = 0; seed < SeedsOf(traffic, deciles); ++seed) {
          ASSIGN_OR_RETURN(const SimulationSpec spec, SpecOf(traffic, contender, seed));
          goodputs_.Ask(NameOf(traffic, contender, seed, deciles), spec,
                        SearchOf(traffic, contender, deciles));
        }
      }
    }
    return Status();
  }

  Result<Found> Find(const Traffic& traffic, bool deciles) {
    Found found;
    for (int seed = 0; seed < SeedsOf(traffic, deciles); ++seed) {
      const auto rate = [&](Contender contender) {
        return goodputs_.Rate(NameOf(traffic, contender, seed, deciles));
      };
      found.braid.push_back(rate(Contender::kBraid));
      found.loongserve.push_back(rate(Contender::kLoongServe));
      ASSIGN_OR_RETURN(const RateBound bound, BoundOf(traffic, seed, deciles, found.braid.back()));
      found.bound.push_back(bound.rate);
      found.run_bound.push_back(bound.run_rate);
    }
    return found;
  }

 private:
  /// Without deciles loongserve's searches are those of the ratios: one name for both.
  static std::string NameOf(const Traffic& traffic, Contender contender, int seed, bool deciles) {
    const std::string workload = *traffic.workload == '\0' ? "mooncake" : traffic.workload;
    return fmt::format("{} {} seed {}{}", workload, ContenderName(contender), seed,
                       deciles ? " deciles" : "");
  }

  Result<SimulationSpec> SpecOf(const Traffic& traffic, Contender contender, int seed) const {
    ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(contender));
    if (*traffic.workload == '\0') {
      SetTrace(spec, options_.mooncake);
      if (options_.quick) spec.workload.num_requests = 1'000;
    } else {
      SetNamed(spec, traffic.workload, static_cast<std::uint64_t>(seed));
    }
    return spec;
  }

  GoodputSearch SearchOf(const Traffic& traffic, Contender contender, bool deciles) const {
    GoodputSearch search;
    search.low = kLow;
    search.num_requests = traffic.num_requests;
    if (deciles) search.rule.decile_attainment = kDecileAttainment;
    if (contender == Contender::kBraid && !deciles && traffic.raw_low > 0) {
      search.low = traffic.raw_low;
      search.precision = kCoarsePrecision;
    }
    if (options_.quick) {
      search.precision = 0.1;
      search.num_requests = 300;
    }
    return search;
  }

  /// Of the requests that braid served at its goodput.
  Result<RateBound> BoundOf(const Traffic& traffic, int seed, bool deciles, double rate) const {
    ASSIGN_OR_RETURN(SimulationSpec spec, SpecOf(traffic, Contender::kBraid, seed));
    ASSIGN_OR_RETURN(const CostModel costs,
                     CostModel::Make(spec.profile, spec.model, spec.cluster));
    spec.workload.rate = std::max(kLeastRate, rate);  // also where the search failed
    spec.workload.num_requests = RequestsAt(spec.workload.rate, spec.workload,
                                            SearchOf(traffic, Contender::kBraid, deciles));
    ASSIGN_OR_RETURN(const std::unique_ptr<RequestSource> source, OpenWorkload(spec.workload));
    std::vector<TrafficRequest> requests;
    for (Request request; source->Next(request);) {
      const std::int64_t decode_ns = spec.slo.tpot_limit_ns * (request.output_tokens - 1);
      requests.push_back({.prompt_tokens = request.prompt_tokens,
                          .output_tokens = request.output_tokens,
                          .allowed_ns = spec.slo.TtftLimitNs(request.prompt_tokens) + decode_ns});
    }
    const BoundRules rules = {.num_instances = spec.cluster.num_instances(),
                              .decile_attainment = deciles ? kDecileAttainment : 0};
    return BoundRate(costs, requests, rules);
  }

  const FigureOptions& options_;
  Goodputs& goodputs_;
};

std::string LabelOf(const Traffic& traffic) {
  return *traffic.workload == '\0' ? "Mooncake conversation" : traffic.workload;
}

Target TargetOf(const Traffic& traffic, const Found& deciles, const Found& raw) {
  Target target = {.what = LabelOf(traffic) + ": braid over loongserve, decile rule"};
  if (MeanOf(deciles.loongserve) <= 0) {
    // Over a goodput of 0 every factor is infinite: only the bound is left to be judged by.
    const double wanted = kOfBound * MeanOf(deciles.bound);
    target.target = fmt::format(">= {:.3f}/s, 0.85 x bound", wanted);
    target.reached = fmt::format("{:.3f}/s; loongserve has none at any rate; raw {:.2f}",
                                 MeanOf(deciles.braid), raw.ratio());
    target.verdict = VerdictOf(MeanOf(deciles.braid) >= wanted);
    return target;
  }
  const double wanted = std::min(kMostWanted, kOfBound * deciles.bound_ratio());
  target.target = fmt::format(">= {:.2f} (bound {:.2f})", wanted, deciles.bound_ratio());
  target.reached = fmt::format("{:.2f}; raw {:.2f}", deciles.ratio(), raw.ratio());
  target.verdict = VerdictOf(deciles.ratio() >= wanted);
  return target;
}

void AddRows(const Traffic& traffic, const Found& found, const char* rule,
             std::vector<std::vector<std::string>>& rows) {
  const bool none = MeanOf(found.loongserve) <= 0;
  rows.push_back({LabelOf(traffic), rule, MeanAndSpread(found.loongserve),
                  MeanAndSpread(found.braid), MeanAndSpread(found.bound),
                  MeanAndSpread(found.run_bound), none ? "-" : fmt::format("{:.2f}", found.ratio()),
                  fmt::format("{:.2f}", MeanOf(found.braid) / MeanOf(found.bound))});
}

/// Goodputs of braid above what no policy can reach on the very requests of the run: a mistake of
/// the bound or of the simulation.
int NumAboveBound(const Found& found) {
  int above = 0;
  for (std::size_t i = 0; i < found.braid.size(); ++i) {
    above += found.braid[i] > found.run_bound[i] ? 1 : 0;
  }
  return above;
}

/// A decode pass of one request alone whose KV fills instances one by one, or lies evenly on all.
double LongPassMs(const CostModel& costs, std::int32_t degree, std::int64_t most_context) {
  StepSizes sizes;
  sizes[Size::kRows] = 1;
  sizes[Size::kSampledRows] = 1;
  sizes[Size::kQueryRows] = degree > 1 ? 1 : 0;
  sizes[Size::kDecodeContext] = most_context;
  const StepSignature signature = {.degree = degree, .decode = true, .exchange_in_turn = true};
  return static_cast<double>(costs.StepNs(signature, sizes)) / 1e6;
}

/// Why loongserve misses TPOT on the longest prompts of Mixed at every rate.
Result<std::string> LongDecodeNote() {
  ASSIGN_OR_RETURN(const SimulationSpec spec, SettingOf(Contender::kLoongServe));
  ASSIGN_OR_RETURN(const CostModel costs, CostModel::Make(spec.profile, spec.model, spec.cluster));
  constexpr std::int64_t kPrompt = 400'000;
  return fmt::format(
      "\nloongserve on Mixed: after prefill it packs KV into as few instances as hold it, each to "
      "its last slot. A decode pass of a prompt of 400,000 tokens then reads {} on the fullest "
      "instance and takes {:.1f} ms, alone; evenly on four instances it would take {:.1f} ms. So "
      "most of the longest decile misses TPOT at every rate, and there is no goodput by the decile "
      "rule.\n",
      costs.kv_slots(), LongPassMs(costs, 2, costs.kv_slots()), LongPassMs(costs, 4, kPrompt / 4));
}

}  // namespace

Result<Chapter> BraidChapter(const FigureOptions& options, Goodputs& goodputs) {
  Comparison comparison(options, goodputs);
  std::vector<Traffic> run;
  for (const Traffic& traffic : kTraffic) {
    if (*traffic.workload != '\0' || !options.mooncake.empty()) run.push_back(traffic);
  }
  for (const Traffic& traffic : run) RETURN_IF_ERROR(comparison.Ask(traffic));
  goodputs.Run();

  Chapter chapter = {.title = "### P90 goodput of braid over loongserve"};
  std::vector<std::vector<std::string>> rows = {{"workload", "rule", "loongserve", "braid", "bound",
                                                 "bound of the run", "braid / loongserve",
                                                 "braid / bound"}};
  int above_bound = 0;
  for (const Traffic& traffic : run) {
    ASSIGN_OR_RETURN(const Found deciles, comparison.Find(traffic, true));
    ASSIGN_OR_RETURN(const Found raw, comparison.Find(traffic, false));
    chapter.targets.push_back(TargetOf(traffic, deciles, raw));
    AddRows(traffic, deciles, "deciles", rows);
    AddRows(traffic, raw, "raw", rows);
    above_bound += NumAboveBound(deciles) + NumAboveBound(raw);
  }
  chapter.targets.push_back({.what = "goodputs of braid above the bound of their run",
                             .target = "0",
                             .reached = fmt::format("{}", above_bound),
                             .verdict = VerdictOf(above_bound == 0)});
  if (options.mooncake.empty()) {
    chapter.targets.push_back({.what = "Mooncake conversation: braid over loongserve, decile rule",
                               .target = ">= min(1.5, 0.85 x bound)",
                               .reached = "no trace: --mooncake PATH"});
  }
  ASSIGN_OR_RETURN(const std::string note, LongDecodeNote());
  chapter.details =
      fmt::format(
          "Requests a second; means over {} seeds (the trace has one order). The bound is "
          "that of the requests of braid's run, as if they came without end; the bound of the run "
          "lets what the SLO allows be done after the last arrival, so it is higher, the more the "
          "shorter the run. Runs of Mixed have 6,000 requests, others 1,000 x rate. Wanted: "
          "min(1.5, "
          "0.85 x bound / loongserve), where loongserve has no goodput 0.85 x bound. braid "
          "does not know output lengths, loongserve does. The raw rule on zipf-1.2 and zipf-1.4 is "
          "searched on seed 0 alone, to {:.0f} %, as its runs are long.\n\n",
          comparison.SeedsOf(kTraffic[0], true), 100 * kCoarsePrecision) +
      MarkdownTable(rows) + note;
  return chapter;
}

}  // namespace braid
