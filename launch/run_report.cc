#include "launch/run_report.h"

#include "launch/text_table.h"
#include "launch/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace braid {
namespace {

using nlohmann::ordered_json;

double LoadSeconds(const std::vector<RankReport>& ranks) {
  double longest = 0;
  for (const RankReport& rank : ranks) longest = std::max(longest, rank.load_seconds);
  return longest;
}

double Rate(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

double PrefillRate(const Generation& g) { return Rate(g.prompt_tokens, g.prefill_seconds); }

/// Tokens after the first, which the prefill gives.
double DecodeRate(const Generation& g) {
  const double tokens = static_cast<double>(g.tokens.size() + (g.ended ? 1 : 0));
  return Rate(std::max(tokens - 1, 0.0), g.decode_seconds);
}

std::string RateText(double rate) { return rate > 0 ? fmt::format("{:.1f} tokens/s", rate) : "-"; }

std::string EndOf(const RunOutcome& outcome) {
  if (outcome.interrupted) return "interrupted";
  return outcome.generation.ended ? "end" : "length";
}

}  // namespace

double CommunicationShare(const std::vector<RankReport>& ranks) {
  double waited = 0;
  double all = 0;
  for (const RankReport& rank : ranks) {
    waited += rank.wait_seconds;
    all += rank.wait_seconds + rank.compute_seconds;
  }
  return all > 0 ? waited / all : 0;
}

std::string RunSummary(const RunOutcome& outcome) {
  const Generation& g = outcome.generation;
  TextTable figures({"", ""}, {TextTable::Align::kLeft, TextTable::Align::kLeft});
  figures.AddRow({"load", FormatSeconds(LoadSeconds(outcome.ranks))});
  figures.AddRow(
      {"prefill", fmt::format("{} tokens, {}", g.prompt_tokens, RateText(PrefillRate(g)))});
  figures.AddRow(
      {"decode", fmt::format("{} tokens, {}", g.tokens.size(), RateText(DecodeRate(g)))});
  // No token was given out where the first was the end.
  if (!g.tokens.empty()) {
    figures.AddRow(
        {"first token",
         fmt::format("{} after the prompt, {} after the start", FormatSeconds(g.prefill_seconds),
                     FormatSeconds(outcome.start_to_first_token_seconds))});
  }
  figures.AddRow({"communication", fmt::format("{:.1f} % of the time, waiting for messages",
                                               100 * CommunicationShare(outcome.ranks))});

  using enum TextTable::Align;
  TextTable ranks({"rank", "weights", "KV", "peak memory", "sent", "compute", "wait"},
                  {kRight, kRight, kRight, kRight, kRight, kRight, kRight});
  for (const RankReport& rank : outcome.ranks) {
    ranks.AddRow({std::to_string(rank.rank), FormatBytes(static_cast<double>(rank.weight_bytes)),
                  FormatBytes(static_cast<double>(rank.kv_bytes)),
                  FormatBytes(static_cast<double>(rank.peak_memory_bytes)),
                  FormatBytes(static_cast<double>(rank.bytes_sent)),
                  FormatSeconds(rank.compute_seconds), FormatSeconds(rank.wait_seconds)});
  }
  return figures.ToString() + ranks.ToString();
}

std::string RunJson(const RunOutcome& outcome, const Mesh& mesh, const OptionTable& config) {
  const Generation& g = outcome.generation;
  ordered_json ranks = ordered_json::array();
  for (const RankReport& rank : outcome.ranks) {
    ranks.push_back({{"rank", rank.rank},
                     {"weight_bytes", rank.weight_bytes},
                     {"kv_bytes", rank.kv_bytes},
                     {"peak_memory_bytes", rank.peak_memory_bytes},
                     {"bytes_sent", rank.bytes_sent},
                     {"load_seconds", rank.load_seconds},
                     {"compute_seconds", rank.compute_seconds},
                     {"wait_seconds", rank.wait_seconds}});
  }
  ordered_json options = ordered_json::object();
  for (const Option& option : config.options()) {
    if (!option.in_file) continue;
    options[option.name] = {{"value", ValueText(option)},
                            {"origin", DescribeOrigin(option.origin)}};
  }
  const ordered_json all = {
      {"version", Version()},
      {"text", outcome.text},
      {"tokens", g.tokens},
      {"prompt_tokens", g.prompt_tokens},
      {"end", EndOf(outcome)},
      {"timings",
       {{"load_seconds", LoadSeconds(outcome.ranks)},
        {"prefill_seconds", g.prefill_seconds},
        {"prefill_tokens_per_second", PrefillRate(g)},
        {"decode_seconds", g.decode_seconds},
        {"decode_tokens_per_second", DecodeRate(g)},
        {"start_to_first_token_seconds", outcome.start_to_first_token_seconds},
        {"communication_share", CommunicationShare(outcome.ranks)}}},
      {"mesh", {{"tp", mesh.tensor}, {"pp", mesh.pipeline}}},
      {"ranks", ranks},
      {"config", options}};
  // Text that a model cuts in mid-character is not valid UTF-8, JSON must be.
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace braid
