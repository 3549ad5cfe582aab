#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {

/// Whether a prefill may start on `instance` now. Where it would not share ranks with the decodes,
/// a decode that has had its turn is asked to stop; its end brings the prefill up again.
bool BraidPolicy::MayPrefill(std::int32_t instance, bool express, StepSink& sink) {
  const Instance& mine = at(instance);
  if (mine.alone) return false;
  const bool decodes = mine.component != kNoIndex;
  if (strands_ &&
      (!decodes || ModeBeside(component(mine.component), express) != OverlapMode::kNone)) {
    return true;
  }
  if (mine.express != kNoIndex || mine.bulk != kNoIndex) return false;
  if (!decodes) return true;
  Component& group = component(mine.component);
  if (group.turn > 0) return false;
  if (group.running == kNoIndex && group.also_running.empty()) return true;
  group.yields = true;
  if (group.running != kNoIndex) sink.Stop(group.running);
  for (const StepIndex step : group.also_running) sink.Stop(step);
  return false;
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
