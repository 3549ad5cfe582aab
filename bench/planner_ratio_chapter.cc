#include "bench/planner_chapters.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace braid {
namespace {

constexpr double kTolerance = 0.20;

struct Published {
  const char* workload;
  /// Goodput of loongserve over static-tp, static-sp, replicas: LoongServe, figure 12.
  std::array<double, 3> ratios;
};
constexpr std::array<Published, 3> kPublished = {{{"zipf-1.0", {2.77, 2.33, 3.12}},
                                                  {"zipf-1.2", {2.16, 1.98, 2.27}},
                                                  {"zipf-1.4", {1.53, 1.61, 1.75}}}};

/// A way of modelling what was compared: which loongserve over which baselines.
struct Reading {
  const char* name;
  Contender loongserve;
  std::array<Contender, 3> baselines;
};
constexpr std::array<Contender, 3> kBaselines = {Contender::kStaticTp, Contender::kStaticSp,
                                                 Contender::kReplicas};
constexpr std::array<Contender, 3> kAtOnce = {
    Contender::kStaticTpAtOnce, Contender::kStaticSpAtOnce, Contender::kReplicasAtOnce};
/// The first is the figure; the others each change one mechanism of it.
constexpr std::array<Reading, 4> kReadings = {
    {{"as evaluated", Contender::kLoongServe, kBaselines},
     {"baselines admit at once", Contender::kLoongServe, kAtOnce},
     {"loongserve in order", Contender::kLoongServeInOrder, kBaselines},
     {"loongserve as released", Contender::kLoongServeReleased, kBaselines}}};
constexpr std::array<Contender, 9> kAll = {
    Contender::kLoongServe,     Contender::kLoongServeInOrder, Contender::kLoongServeReleased,
    Contender::kStaticTp,       Contender::kStaticSp,          Contender::kReplicas,
    Contender::kStaticTpAtOnce, Contender::kStaticSpAtOnce,    Contender::kReplicasAtOnce};

std::string NameOf(const char* workload, Contender contender, int seed) {
  return fmt::format("{} {} seed {}", workload, ContenderName(contender), seed);
}

class Ratios {
 public:
  Ratios(const FigureOptions& options, Goodputs& goodputs)
      : seeds_(options.quick ? 1 : options.ratio_seeds),
        quick_(options.quick),
        goodputs_(goodputs) {}

  Status Measure() {
    for (const Published& published : kPublished) {
      for (const Contender contender : kAll) {
        ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(contender));
        for (int seed = 0; seed < seeds_; ++seed) {
          SetNamed(spec, published.workload, static_cast<std::uint64_t>(seed));
          GoodputSearch search;
          search.low = 0.1;
          if (quick_) search.precision = 0.1;
          if (quick_) search.num_requests = 300;
          goodputs_.Ask(NameOf(published.workload, contender, seed), spec, search);
        }
      }
    }
    goodputs_.Run();
    return Status();
  }

  std::vector<double> Rates(const char* workload, Contender contender) const {
    std::vector<double> rates;
    for (int seed = 0; seed < seeds_; ++seed) {
      rates.push_back(goodputs_.Rate(NameOf(workload, contender, seed)));
    }
    return rates;
  }

  /// Of the means over all seeds.
  double Ratio(const char* workload, const Reading& reading, std::size_t baseline) const {
    return MeanOf(Rates(workload, reading.loongserve)) /
           MeanOf(Rates(workload, reading.baselines[baseline]));
  }

  /// What the seeds leave open: the standard error of the ratio, relative, from ratios by seed.
  double Uncertainty(const char* workload, const Reading& reading, std::size_t baseline) const {
    if (seeds_ < 2) return 0;
    const std::vector<double> above = Rates(workload, reading.loongserve);
    const std::vector<double> below = Rates(workload, reading.baselines[baseline]);
    const double ratio = MeanOf(above) / MeanOf(below);
    double squares = 0;
    for (std::size_t i = 0; i < above.size(); ++i) {
      const double off = above[i] - ratio * below[i];
      squares += off * off;
    }
    const auto n = static_cast<double>(seeds_);
    return std::sqrt(squares / (n - 1) / n) / MeanOf(above);
  }

  int seeds() const { return seeds_; }

 private:
  int seeds_;
  bool quick_;
  Goodputs& goodputs_;
};

Target TargetOf(const Ratios& ratios, const Published& published, std::size_t baseline) {
  const double goal = published.ratios[baseline];
  const auto within = [&](double ratio) { return std::abs(ratio / goal - 1) <= kTolerance; };
  const double reached = ratios.Ratio(published.workload, kReadings[0], baseline);
  Target target = {
      .what = fmt::format("{}: loongserve over {}", published.workload,
                          ContenderName(kBaselines[baseline])),
      .target = fmt::format("{:.2f} +-20 %", goal),
      .reached = fmt::format("{:.2f} ({:+.0f} % +-{:.0f} %)", reached, 100 * (reached / goal - 1),
                             100 * ratios.Uncertainty(published.workload, kReadings[0], baseline)),
      .verdict = VerdictOf(within(reached))};
  for (std::size_t i = 1; i < kReadings.size() && target.verdict == Verdict::kNo; ++i) {
    const double other = ratios.Ratio(published.workload, kReadings[i], baseline);
    if (!within(other)) continue;
    target.verdict = Verdict::kWithFlag;
    target.reached +=
        fmt::format("; {}: {:.2f} ({:+.0f} %)", kReadings[i].name, other, 100 * (other / goal - 1));
  }
  return target;
}

/// Of the nine ratios, with one way of modelling for all of them.
int NumWithin(const Ratios& ratios, const Reading& reading) {
  int within = 0;
  for (const Published& published : kPublished) {
    for (std::size_t b = 0; b < kBaselines.size(); ++b) {
      const double off = ratios.Ratio(published.workload, reading, b) / published.ratios[b] - 1;
      within += std::abs(off) <= kTolerance ? 1 : 0;
    }
  }
  return within;
}

std::string ReadingsTable(const Ratios& ratios) {
  std::vector<std::vector<std::string>> rows = {{"ratio", "published"}};
  for (const Reading& reading : kReadings) rows[0].push_back(reading.name);
  for (const Published& published : kPublished) {
    for (std::size_t b = 0; b < kBaselines.size(); ++b) {
      rows.push_back({fmt::format("{}, over {}", published.workload, ContenderName(kBaselines[b])),
                      fmt::format("{:.2f}", published.ratios[b])});
      for (const Reading& reading : kReadings) {
        const double ratio = ratios.Ratio(published.workload, reading, b);
        rows.back().push_back(
            fmt::format("{:.2f} ({:+.0f} %)", ratio, 100 * (ratio / published.ratios[b] - 1)));
      }
    }
  }
  return MarkdownTable(rows);
}

std::string GoodputTable(const Ratios& ratios) {
  std::vector<std::vector<std::string>> rows = {{"goodput, requests/s"}};
  for (const Published& published : kPublished) rows[0].push_back(published.workload);
  for (const Contender contender : kAll) {
    rows.push_back({ContenderName(contender)});
    for (const Published& published : kPublished) {
      rows.back().push_back(MeanAndSpread(ratios.Rates(published.workload, contender)));
    }
  }
  return MarkdownTable(rows);
}

}  // namespace

Result<Chapter> RatioChapter(const FigureOptions& options, Goodputs& goodputs) {
  Ratios ratios(options, goodputs);
  RETURN_IF_ERROR(ratios.Measure());
  Chapter chapter = {.title = "### P90 goodput of loongserve over the static policies"};
  for (const Published& published : kPublished) {
    for (std::size_t b = 0; b < kBaselines.size(); ++b) {
      chapter.targets.push_back(TargetOf(ratios, published, b));
    }
  }
  chapter.details = fmt::format(
      "Means over seeds 0 .. {}, each run of 1,000 x rate requests. \"As evaluated\": the paper's "
      "algorithm, prompts admitted every ten passes by all, 64 out-of-order admissions, replicas "
      "in "
      "turn, output lengths known. \"At once\" (wait_passes = 0): static policies start a waiting "
      "prompt at the next pass. \"In order\" (out_of_order = 0): nobody overtakes a blocked head. "
      "\"As released\": released dispatch, released DP pruning, backfill, barrier.\n\n",
      ratios.seeds() - 1);
  for (const Reading& reading : kReadings) {
    chapter.details +=
        fmt::format("{}: {} of 9 within 20 %. ", reading.name, NumWithin(ratios, reading));
  }
  chapter.details += "\n\n";
  chapter.details += ReadingsTable(ratios) + "\n" + GoodputTable(ratios);
  return chapter;
}

}  // namespace braid
