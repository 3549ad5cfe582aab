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
  /// Requests a second: of loongserve, then of the same three.
  std::array<double, 4> goodputs;
};
constexpr std::array<Published, 3> kPublished = {
    {{"zipf-1.0", {2.77, 2.33, 3.12}, {1.122, 0.405, 0.481, 0.360}},
     {"zipf-1.2", {2.16, 1.98, 2.27}, {2.925, 1.355, 1.478, 1.289}},
     {"zipf-1.4", {1.53, 1.61, 1.75}, {8.757, 5.723, 5.447, 5.000}}}};

constexpr std::array<Contender, 3> kBaselines = {Contender::kStaticTp, Contender::kStaticSp,
                                                 Contender::kReplicas};

/// A way of modelling what was compared: which loongserve over which baselines.
struct Reading {
  const char* name;
  Mechanism loongserve;
  Mechanism baselines;
  const char* what;  ///< the mechanism and where it is published
};
/// The first is the figure; the others each change one mechanism of it, by flag.
constexpr std::array<Reading, 5> kReadings = {
    {{"as evaluated", Mechanism::kAsEvaluated, Mechanism::kAsEvaluated,
      "the paper's algorithm (section 5); prompts admitted every ten passes by all, 64 "
      "out-of-order "
      "admissions, output lengths known, replicas in turn; the static policies, as the released "
      "code with a fixed degree, prefill all that fits: the tipping point is loongserve's alone"},
     {"passes of 22 ms", Mechanism::kHostPasses, Mechanism::kHostPasses,
      "--pass-period 0.022 for all: the released scheduler's own mean of a decode pass, where a "
      "host in Python plans and issues each. Slower passes leave less of TPOT for the prefills "
      "that "
      "stop a fixed group; groups of loongserve are stopped less"},
     {"baselines admit at once", Mechanism::kAsEvaluated, Mechanism::kAtOnce,
      "--wait-passes 0 for the static policies: a waiting prompt starts at the next pass, before "
      "decodes, as in servers without LoongServe's ten passes between admissions"},
     {"loongserve in order", Mechanism::kInOrder, Mechanism::kAsEvaluated,
      "--out-of-order 0: nobody overtakes a blocked head; the paper does not mention that they may "
      "(a constant of the evaluation, set by data set)"},
     {"loongserve as released", Mechanism::kReleased, Mechanism::kAsEvaluated,
      "--released-dispatch, --batching released, --backfill, --barrier"}}};

struct Modelled {
  Contender contender;
  Mechanism mechanism;
};

std::string NameOf(const Modelled& modelled) {
  const std::string mechanism = MechanismName(modelled.mechanism);
  return ContenderName(modelled.contender) + (mechanism.empty() ? "" : ", " + mechanism);
}

/// All that readings ask for, each once.
std::vector<Modelled> AllModelled() {
  std::vector<Modelled> all;
  const auto add = [&](Contender contender, Mechanism mechanism) {
    for (const Modelled& other : all) {
      if (other.contender == contender && other.mechanism == mechanism) return;
    }
    all.push_back({contender, mechanism});
  };
  for (const Reading& reading : kReadings) add(Contender::kLoongServe, reading.loongserve);
  for (const Contender contender : kBaselines) {
    for (const Reading& reading : kReadings) add(contender, reading.baselines);
  }
  return all;
}

std::string SearchName(const char* workload, const Modelled& modelled, int seed) {
  return fmt::format("{} {} seed {}", workload, NameOf(modelled), seed);
}

class Ratios {
 public:
  Ratios(const FigureOptions& options, Goodputs& goodputs)
      : seeds_(options.quick ? 1 : options.ratio_seeds),
        quick_(options.quick),
        goodputs_(goodputs) {}

  Status Measure() {
    for (const Published& published : kPublished) {
      for (const Modelled& modelled : AllModelled()) {
        ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(modelled.contender, modelled.mechanism));
        for (int seed = 0; seed < seeds_; ++seed) {
          SetNamed(spec, published.workload, static_cast<std::uint64_t>(seed));
          GoodputSearch search;
          search.low = 0.1;
          if (quick_) search.precision = 0.1;
          if (quick_) search.num_requests = 300;
          goodputs_.Ask(SearchName(published.workload, modelled, seed), spec, search);
        }
      }
    }
    goodputs_.Run();
    return Status();
  }

  std::vector<double> Rates(const char* workload, const Modelled& modelled) const {
    std::vector<double> rates;
    for (int seed = 0; seed < seeds_; ++seed) {
      rates.push_back(goodputs_.Rate(SearchName(workload, modelled, seed)));
    }
    return rates;
  }

  /// Of the means over all seeds.
  double Ratio(const char* workload, const Reading& reading, std::size_t baseline) const {
    return MeanOf(Above(workload, reading)) / MeanOf(Below(workload, reading, baseline));
  }

  /// What the seeds leave open: the standard error of the ratio, relative, from ratios by seed.
  double Uncertainty(const char* workload, const Reading& reading, std::size_t baseline) const {
    if (seeds_ < 2) return 0;
    const std::vector<double> above = Above(workload, reading);
    const std::vector<double> below = Below(workload, reading, baseline);
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
  std::vector<double> Above(const char* workload, const Reading& reading) const {
    return Rates(workload, {Contender::kLoongServe, reading.loongserve});
  }
  std::vector<double> Below(const char* workload, const Reading& reading,
                            std::size_t baseline) const {
    return Rates(workload, {kBaselines[baseline], reading.baselines});
  }

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
  for (const Modelled& modelled : AllModelled()) {
    rows.push_back({NameOf(modelled)});
    for (const Published& published : kPublished) {
      rows.back().push_back(MeanAndSpread(ratios.Rates(published.workload, modelled)));
    }
  }
  for (std::size_t c = 0; c < kPublished[0].goodputs.size(); ++c) {
    rows.push_back(
        {"published: " + ContenderName(c == 0 ? Contender::kLoongServe : kBaselines[c - 1])});
    for (const Published& published : kPublished) {
      rows.back().push_back(fmt::format("{:.3f}", published.goodputs[c]));
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
      "Means over seeds 0 .. {}, each run of 1,000 x rate requests; the published ones are of one "
      "run each.\n\n",
      ratios.seeds() - 1);
  for (const Reading& reading : kReadings) {
    chapter.details += fmt::format("- {} ({} of 9 within 20 %): {}.\n", reading.name,
                                   NumWithin(ratios, reading), reading.what);
  }
  chapter.details += "\n";
  chapter.details += ReadingsTable(ratios) + "\n" + GoodputTable(ratios);
  return chapter;
}

}  // namespace braid
