#include "launch/verify_report.h"

#include "launch/splits.h"
#include "launch/text_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

namespace braid {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const SplitVerdict& verdict) {
  const SplitDifference& d = verdict.difference;
  ordered_json ties = ordered_json::array();
  for (const NearTie& tie : d.near_ties) {
    ties.push_back({{"position", tie.position},
                    {"expected", tie.expected},
                    {"found", tie.found},
                    {"gap", tie.gap}});
  }
  // JSON has no infinity; null stands for it.
  const ordered_json relative = std::isfinite(d.relative_difference)
                                    ? ordered_json(d.relative_difference)
                                    : ordered_json(nullptr);
  return {{"tp", verdict.mesh.tensor},
          {"pp", verdict.mesh.pipeline},
          {"relative_difference", relative},
          {"tolerance", verdict.tolerance},
          {"rows", d.rows},
          {"tokens", d.tokens},
          {"equal_tokens", d.equal_tokens},
          {"near_ties", ties},
          {"equal", verdict.equal()}};
}

SplitVerdict FromJson(const ordered_json& json) {
  SplitVerdict verdict;
  verdict.mesh = {.tensor = json.at("tp").get<std::int32_t>(),
                  .pipeline = json.at("pp").get<std::int32_t>()};
  verdict.tolerance = json.at("tolerance").get<double>();
  SplitDifference& d = verdict.difference;
  const ordered_json& relative = json.at("relative_difference");
  d.relative_difference =
      relative.is_null() ? std::numeric_limits<double>::infinity() : relative.get<double>();
  d.rows = json.at("rows").get<std::int32_t>();
  d.tokens = json.at("tokens").get<std::int32_t>();
  d.equal_tokens = json.at("equal_tokens").get<std::int32_t>();
  for (const ordered_json& tie : json.at("near_ties")) {
    d.near_ties.push_back({.position = tie.at("position").get<std::int32_t>(),
                           .expected = tie.at("expected").get<std::int32_t>(),
                           .found = tie.at("found").get<std::int32_t>(),
                           .gap = tie.at("gap").get<double>()});
  }
  return verdict;
}

}  // namespace

bool VerifyReport::all_equal() const {
  return std::all_of(splits.begin(), splits.end(),
                     [](const SplitVerdict& verdict) { return verdict.equal(); });
}

std::string VerifyTable(const VerifyReport& report) {
  using enum TextTable::Align;
  TextTable table(
      {"split", "ranks", "max |a-b| / max |b|", "allowed", "greedy tokens", "near ties", "verdict"},
      {kLeft, kRight, kRight, kRight, kRight, kRight, kLeft});
  std::string ties;
  int num_different = 0;
  for (const SplitVerdict& verdict : report.splits) {
    const SplitDifference& d = verdict.difference;
    num_different += verdict.equal() ? 0 : 1;
    table.AddRow({SplitName(verdict.mesh), std::to_string(verdict.mesh.size()),
                  fmt::format("{:.2e}", d.relative_difference),
                  fmt::format("{:.0e}", verdict.tolerance),
                  fmt::format("{} of {}", d.equal_tokens, d.tokens),
                  std::to_string(d.near_ties.size()), verdict.equal() ? "equal" : "DIFFERENT"});
    for (const NearTie& tie : d.near_ties) {
      ties += fmt::format(
          "near tie, {}: position {}, token {} instead of {}; the two best logits "
          "of one rank are {:.1e} apart\n",
          SplitName(verdict.mesh), tie.position, tie.found, tie.expected, tie.gap);
    }
  }
  const std::string verdict =
      num_different == 0
          ? fmt::format("all equal: {} splits against one rank, logits of {} positions\n",
                        report.splits.size(), report.rows)
          : fmt::format("{} of {} splits differ from one rank\n", num_different,
                        report.splits.size());
  return table.ToString() + ties + verdict;
}

std::string VerifyJson(const VerifyReport& report) {
  ordered_json splits = ordered_json::array();
  for (const SplitVerdict& verdict : report.splits) splits.push_back(ToJson(verdict));
  return ordered_json{{"rows", report.rows}, {"splits", splits}, {"all_equal", report.all_equal()}}
      .dump(2);
}

Result<VerifyReport> ParseVerifyJson(std::string_view text) {
  try {
    const ordered_json json = ordered_json::parse(text);
    VerifyReport report;
    report.rows = json.at("rows").get<std::int32_t>();
    for (const ordered_json& split : json.at("splits")) report.splits.push_back(FromJson(split));
    return report;
  } catch (const std::exception& error) {
    return Internal(fmt::format("not the report of a verification: {}", error.what()));
  }
}

}  // namespace braid
