#include "planner/sim/report/summary_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {
namespace {

using Row = std::vector<std::string>;
// What is shown of a distribution.
constexpr std::array<std::pair<std::string_view, double Distribution::*>, 4> kParts = {{
    {"mean", &Distribution::mean},
    {"P50", &Distribution::p50},
    {"P90", &Distribution::p90},
    {"P99", &Distribution::p99},
}};

using Cell = std::function<std::string(const Summary&)>;

std::string Seconds(double seconds) {
  if (seconds >= 1) return fmt::format("{:.2f} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.2f} us", seconds * 1e6);
}

std::string Percent(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string Rate(double per_second) { return fmt::format("{:.3f} /s", per_second); }

class Table {
 public:
  explicit Table(std::span<const NamedSummary> runs) : runs_(runs) {
    Row header = {""};
    for (const NamedSummary& run : runs) header.push_back(run.name);
    rows_.push_back(std::move(header));
  }

  void Add(std::string name, const Cell& cell) {
    Row row = {std::move(name)};
    for (const NamedSummary& run : runs_) row.push_back(cell(run.summary));
    rows_.push_back(std::move(row));
  }

  void AddMetric(const std::string& name, Distribution Summary::*metric) {
    for (const auto& [label, part] : kParts) {
      Add(fmt::format("{} {}", name, label), [metric, part = part](const Summary& summary) {
        const Distribution& distribution = summary.*metric;
        return distribution.count == 0 ? "-" : Seconds(distribution.*part);
      });
    }
  }

  bool Any(const std::function<bool(const Summary&)>& test) const {
    return std::any_of(runs_.begin(), runs_.end(),
                       [&](const NamedSummary& run) { return test(run.summary); });
  }

  std::string ToString() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const Row& row : rows_) {
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    }
    std::string text;
    for (const Row& row : rows_) {
      std::string line = fmt::format("{:<{}}", row[0], widths[0]);
      for (std::size_t c = 1; c < row.size(); ++c) {
        line += fmt::format("  {:>{}}", row[c], widths[c]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
    return text;
  }

 private:
  std::span<const NamedSummary> runs_;
  std::vector<Row> rows_;  // header first
};

void AddRequests(Table& table) {
  table.Add("requests", [](const Summary& s) { return fmt::format("{}", s.num_requests); });
  table.Add("unfinished", [](const Summary& s) { return fmt::format("{}", s.num_unfinished); });
  table.Add("rejected", [](const Summary& s) { return fmt::format("{}", s.num_rejected); });
  table.Add("offered rate", [](const Summary& s) { return Rate(s.offered_rate); });
  table.Add("duration", [](const Summary& s) { return fmt::format("{:.1f} s", s.duration_s); });
}

void AddLatencies(Table& table) {
  table.AddMetric("TTFT", &Summary::ttft_s);
  if (table.Any([](const Summary& s) { return s.short_ttft_s.count + s.long_ttft_s.count > 0; })) {
    table.AddMetric("TTFT short", &Summary::short_ttft_s);
    table.AddMetric("TTFT long", &Summary::long_ttft_s);
  }
  table.AddMetric("TPOT", &Summary::tpot_s);
  table.AddMetric("longest gap", &Summary::longest_gap_s);
  table.AddMetric("end to end", &Summary::end_to_end_s);
  table.AddMetric("per token", &Summary::per_token_s);
  table.AddMetric("per input token", &Summary::input_s);
  table.AddMetric("per output token", &Summary::output_s);
}

void AddThroughput(Table& table) {
  table.Add("finished", [](const Summary& s) { return Rate(s.requests_per_s); });
  table.Add("output tokens",
            [](const Summary& s) { return fmt::format("{:.0f} /s", s.output_tokens_per_s); });
  table.Add("all tokens",
            [](const Summary& s) { return fmt::format("{:.0f} /s", s.total_tokens_per_s); });
  const auto found = [](double rate) { return rate < 0 ? "-" : Rate(rate); };
  if (table.Any([](const Summary& s) { return s.goodput_rate >= 0; })) {
    table.Add("goodput", [&](const Summary& s) { return found(s.goodput_rate); });
  }
  if (table.Any([](const Summary& s) { return s.decile_goodput_rate >= 0; })) {
    table.Add("goodput, deciles", [&](const Summary& s) { return found(s.decile_goodput_rate); });
  }
}

void AddAttainment(Table& table) {
  table.Add("SLO met", [](const Summary& s) { return Percent(s.attainment); });
  for (std::size_t d = 0; d < 10; ++d) {
    table.Add(fmt::format("  length decile {}", d + 1),
              [d](const Summary& s) { return Percent(s.deciles[d].attainment); });
  }
}

void AddUse(Table& table) {
  table.Add("compute busy", [](const Summary& s) { return Percent(s.compute_utilisation); });
  table.Add("network busy", [](const Summary& s) { return Percent(s.network_utilisation); });
  table.Add("KV in use, mean", [](const Summary& s) { return Percent(s.mean_kv_occupancy); });
  table.Add("KV in use, peak", [](const Summary& s) { return Percent(s.peak_kv_occupancy); });
  table.Add("steps", [](const Summary& s) { return fmt::format("{}", s.num_steps); });
  for (int i = 0; i < kNumScalingEvents; ++i) {
    const auto event = static_cast<std::size_t>(i);
    table.Add(fmt::format("{} events", ScalingEventName(static_cast<ScalingEvent>(i))),
              [event](const Summary& s) { return fmt::format("{}", s.scaling_events[event]); });
  }
  if (table.Any([](const Summary& s) { return s.prediction.num_steps > 0; })) {
    table.Add("prediction error, mean", [](const Summary& s) {
      return s.prediction.num_steps == 0 ? "-" : Percent(s.prediction.mean);
    });
  }
}

}  // namespace

std::string SummaryTable(std::span<const NamedSummary> runs) {
  Table table(runs);
  AddRequests(table);
  AddLatencies(table);
  AddThroughput(table);
  AddAttainment(table);
  AddUse(table);
  return table.ToString();
}

}  // namespace braid
