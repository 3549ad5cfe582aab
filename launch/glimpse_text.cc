#include "launch/glimpse_text.h"

#include "launch/option_targets.h"
#include "launch/text_table.h"
#include "plan/step_codec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace braid {
namespace {

constexpr std::size_t kMostTokensShown = 16;

std::string Count(std::int64_t count) { return FormatCount(static_cast<std::uint64_t>(count)); }

std::string KvText(const StepRequest& request) {
  std::vector<std::pair<std::int32_t, std::int64_t>> tokens;  // by instance, in order of first use
  for (const KvExtent& extent : request.kv) {
    const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& entry) {
      return entry.first == extent.instance;
    });
    if (found == tokens.end()) {
      tokens.emplace_back(extent.instance, extent.count);
    } else {
      found->second += extent.count;
    }
  }
  std::vector<std::string> parts;
  for (const auto& [instance, count] : tokens) {
    parts.push_back(fmt::format("{} tokens in {}", Count(count), instance));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string RequestText(const StepRequest& request) {
  const auto rows = static_cast<std::int64_t>(request.tokens.size());
  const std::string work = rows == 1
                               ? fmt::format("position {}", Count(request.first_position))
                               : fmt::format("positions {} .. {}", Count(request.first_position),
                                             Count(request.first_position + rows - 1));
  std::string text = fmt::format("#   request {}: {}", request.id, work);
  if (request.master != kNoMaster) text += fmt::format(", master {}", request.master);
  if (!request.ring.empty()) text += fmt::format(", ring {}", fmt::join(request.ring, ", "));
  return text + "; KV: " + KvText(request) + '\n';
}

}  // namespace

std::string StateText(const Glimpse& glimpse) {
  std::string text = fmt::format(
      "# last event before that time: {} s; requests: {} wait, {} are part of the way through "
      "their "
      "prompts, {} decode",
      SecondsText(glimpse.now_ns), Count(glimpse.num_waiting), Count(glimpse.num_prefilling),
      Count(glimpse.num_decoding));
  if (glimpse.num_swapped > 0) text += fmt::format(", {} are swapped", Count(glimpse.num_swapped));
  return text + fmt::format("; {} steps run\n", Count(glimpse.num_running_steps));
}

std::string StepText(const IssuedStep& issued) {
  const Step& step = issued.step;
  std::string text =
      fmt::format("# step {} at {} s: {} of {} rows on {} {}, strand {}, overlap {}", step.number,
                  SecondsText(issued.start_ns), step.is_move() ? "a move" : "a pass",
                  Count(step.num_rows()), step.instances.size() == 1 ? "instance" : "instances",
                  fmt::join(step.instances, ", "), step.slot, OverlapModeName(step.overlap));
  if (step.predicted_ns > 0) {
    text +=
        fmt::format(", predicted {}", FormatSeconds(static_cast<double>(step.predicted_ns) * 1e-9));
  }
  if (issued.repeats > 1) text += fmt::format(", up to {} passes", issued.repeats);
  text += '\n';
  for (const StepRequest& request : step.requests) text += RequestText(request);
  for (const KvMove& move : step.moves) {
    text += fmt::format("#   request {}: {} tokens from instance {} to {}\n", move.request,
                        Count(move.from.count), move.from.instance, move.to.instance);
  }
  return text;
}

std::string ShortPlanText(const Step& step) {
  Step shown = step;
  std::string notes;
  for (StepRequest& request : shown.requests) {
    if (request.tokens.size() <= kMostTokensShown) continue;
    notes += fmt::format("# not shown: {} tokens of request {}\n",
                         Count(static_cast<std::int64_t>(request.tokens.size())), request.id);
    request.tokens.clear();
  }
  return notes + PlanToText({.steps = {shown}});
}

std::string DecisionText(const Decision& decision) {
  std::string text =
      fmt::format("at {} s, request {}: {}\n  why: {}\n", SecondsText(decision.now_ns),
                  decision.request, decision.what, decision.why);
  if (decision.measure.empty()) return text;
  TextTable table({"", decision.measure, ""},
                  {TextTable::Align::kLeft, TextTable::Align::kRight, TextTable::Align::kRight});
  table.AddRow({"  chosen", FormatSeconds(decision.cost_ns * 1e-9), ""});
  for (const Alternative& other : decision.runners_up) {
    const std::string more =
        decision.cost_ns > 0
            ? fmt::format("{:+.1f} %", (other.cost_ns / decision.cost_ns - 1) * 100)
            : "";
    table.AddRow({"  " + other.what, FormatSeconds(other.cost_ns * 1e-9), more});
  }
  return text + table.ToString();
}

}  // namespace braid
