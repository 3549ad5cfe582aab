#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {

/// Whether a prefill may start on `instance` now, or what has to come before.
BraidPolicy::Turn BraidPolicy::TurnOf(std::int32_t instance, bool express) {
  const Instance& mine = at(instance);
  if (mine.alone) return Turn::kAfterPrefill;
  const bool decodes = mine.component != kNoIndex;
  if (strands_ &&
      (!decodes || ModeBeside(component(mine.component), express) != OverlapMode::kNone)) {
    return Turn::kNow;
  }
  if (mine.express != kNoIndex || mine.bulk != kNoIndex) return Turn::kAfterPrefill;
  if (!decodes) return Turn::kNow;
  const Component& group = component(mine.component);
  const bool its_turn = group.turn > 0 && !group.decoding.empty();
  if (group.running == kNoIndex && group.also_running.empty()) {
    return its_turn ? Turn::kAfterDecodes : Turn::kNow;
  }
  return its_turn ? Turn::kAfterDecodes : Turn::kAfterStop;
}

/// Ends what decodes on `instance` at its next boundary, or notes that its turn is wanted; the end
/// brings prefills up again.
void BraidPolicy::AskForTurn(std::int32_t instance, StepSink& sink) {
  Component& group = component(at(instance).component);
  group.yields = true;
  if (group.turn > 0 && !group.decoding.empty()) return;
  if (group.running != kNoIndex) sink.Stop(group.running);
  for (const StepIndex step : group.also_running) sink.Stop(step);
}

bool BraidPolicy::MayPrefill(std::int32_t instance, bool express, StepSink& sink) {
  const Turn turn = TurnOf(instance, express);
  if (turn == Turn::kAfterStop || turn == Turn::kAfterDecodes) AskForTurn(instance, sink);
  return turn == Turn::kNow;
}

/// For each prompt that waits, on instances that could hold it if their decodes stopped.
void BraidPolicy::AskForTurns(const EngineView& view, StepSink& sink) {
  const auto ask = [&](std::int32_t instance) {
    if (!at(instance).decodes_first) return;
    at(instance).decodes_first = false;
    AskForTurn(instance, sink);
  };
  for (const RequestIndex request : bulk_) {
    const Task& mine = task(request);
    if (mine.lost && !in_chunk_.empty()) continue;
    for (const KvShare& share : mine.home) ask(share.instance);
    if (!mine.home.empty()) continue;
    const std::int64_t need = Need(view, view.request(request));
    std::int32_t best = kNoIndex;
    std::int64_t all = 0;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
      if (!at(i).decodes_first && !BulkFree(i)) continue;
      const std::int64_t room = view.instance(i).capacity - at(i).promised;
      all += std::max<std::int64_t>(0, room);
      if (!at(i).decodes_first || room < need) continue;
      if (best == kNoIndex || at(i).promised < at(best).promised) best = i;
    }
    if (best != kNoIndex) {
      ask(best);
    } else if (all >= need) {
      for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) ask(i);
    }
  }
}

/// After a prefill of D its decodes get the k passes of time p that keep their TPOT:
/// (D + k p) / k <= pace x limit.
void BraidPolicy::GrantTurn(const EngineView& view, const RunningStep& prefill) {
  const double limit = options_.pace * static_cast<double>(options_.tpot_ns);
  const double taken = static_cast<double>(prefill.end_ns - prefill.start_ns);
  for (const std::int32_t instance : prefill.plan.instances) {
    const std::int32_t index = at(instance).component;
    const bool alone = at(instance).alone;
    at(instance).alone = false;
    if (index == kNoIndex || !alone) continue;
    Component& group = component(index);
    if (group.decoding.empty()) continue;
    const double pass = static_cast<double>(
        DecodePassNs(static_cast<std::int64_t>(group.decoding.size()), ContextOf(view, group)));
    // Where even passes alone exceed the limit, half of the time.
    const double room = std::max(limit - pass, pass);
    group.turn = std::max(group.turn, static_cast<std::int32_t>(taken / room) + 1);
  }
}

}  // namespace braid
