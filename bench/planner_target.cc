#include "bench/planner_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace braid {
namespace {

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kYes:
      return "yes";
    case Verdict::kWithFlag:
      return "with a flag";
    case Verdict::kNo:
      return "NO";
    case Verdict::kNotRun:
      return "not run";
    case Verdict::kSeen:
      return "-";
  }
  return "";
}

}  // namespace

std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 3);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += "|";
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      text += fmt::format(" {:<{}} |", rows[r][i], widths[i]);
    }
    text += "\n";
    if (r > 0) continue;
    text += "|";
    for (const std::size_t width : widths) text += std::string(width + 2, '-') + "|";
    text += "\n";
  }
  return text;
}

std::string PrintedChapters(std::span<const Chapter> chapters) {
  std::vector<std::vector<std::string>> rows = {{"figure", "target", "reached", "met"}};
  std::size_t counts[5] = {};
  for (const Chapter& chapter : chapters) {
    for (const Target& target : chapter.targets) {
      rows.push_back({target.what, target.target, target.reached, VerdictName(target.verdict)});
      ++counts[static_cast<std::size_t>(target.verdict)];
    }
  }
  std::string text = MarkdownTable(rows);
  text += fmt::format("\n{} met, {} met with a flag, {} not met, {} not run.\n", counts[0],
                      counts[1], counts[2], counts[3]);
  for (const Chapter& chapter : chapters) {
    text += fmt::format("\n{}\n\n{}", chapter.title, chapter.details);
  }
  return text;
}

double MeanOf(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::string MeanAndSpread(const std::vector<double>& values) {
  if (values.empty()) return "-";
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (values.size() == 1) return fmt::format("{:.3f}", *least);
  return fmt::format("{:.3f} ({:.3f} .. {:.3f})", MeanOf(values), *least, *most);
}

double QuantileOf(std::vector<double> values, double quantile) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(
      std::max(1.0, std::ceil(quantile * static_cast<double>(values.size()))));
  return values[std::min(rank, values.size()) - 1];
}

}  // namespace braid
