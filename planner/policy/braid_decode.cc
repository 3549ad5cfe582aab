#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;
constexpr std::int32_t kDecodePriority = 2;
/// Beside a prefill a pass gets one of so many times its own length.
constexpr std::int64_t kSharePasses = 3;

}  // namespace

std::int32_t BraidPolicy::NewComponent() {
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(components_.size()); ++i) {
    if (component(i).live) continue;
    component(i) = Component();
    component(i).live = true;
    return i;
  }
  components_.emplace_back();
  components_.back().live = true;
  return static_cast<std::int32_t>(components_.size()) - 1;
}

/// The request decodes with all that decode in the instances that own its KV.
void BraidPolicy::JoinDecode(const EngineView& view, RequestIndex request) {
  const RequestState& state = view.request(request);
  std::int32_t joined = kNoIndex;
  for (const KvShare& owner : state.owners) {
    const std::int32_t other = at(owner.instance).component;
    if (other == joined && joined != kNoIndex) continue;
    if (joined == kNoIndex) joined = other == kNoIndex ? NewComponent() : other;
    if (other == joined) continue;
    if (other == kNoIndex) {
      component(joined).instances.push_back(owner.instance);
      at(owner.instance).component = joined;
      continue;
    }
    Component& source = component(other);
    source.decoding.ForEach([&](RequestIndex moved) {
      component(joined).decoding.Add(moved, places_);
      task(moved).component = joined;
    });
    for (const std::int32_t instance : source.instances) {
      component(joined).instances.push_back(instance);
      at(instance).component = joined;
    }
    component(joined).yields |= source.yields;
    component(joined).turn = std::max(component(joined).turn, source.turn);
    component(joined).context = std::max(component(joined).context, source.context);
    // A pass that runs ends as a step of the joined group; until then the group waits for it.
    if (source.running != kNoIndex) component(joined).also_running.push_back(source.running);
    for (const StepIndex step : source.also_running) {
      component(joined).also_running.push_back(step);
    }
    source = Component();
  }
  Component& group = component(joined);
  group.decoding.Add(request, places_);
  group.dirty = true;
  group.context += state.kv_tokens / static_cast<std::int64_t>(group.instances.size());
  task(request).component = joined;
}

/// A component that nothing holds together any more falls into its parts.
void BraidPolicy::SplitComponent(const EngineView& view, std::int32_t index) {
  Component& whole = component(index);
  if (whole.running != kNoIndex || !whole.also_running.empty()) return;
  if (whole.decoding.empty()) {
    for (const std::int32_t instance : whole.instances) at(instance).component = kNoIndex;
    whole = Component();
    return;
  }
  if (whole.instances.size() == 1) return;
  std::vector<RequestIndex> requests;
  whole.decoding.ForEach([&](RequestIndex request) { requests.push_back(request); });
  for (const RequestIndex request : requests) whole.decoding.Remove(request, places_);
  for (const std::int32_t instance : whole.instances) at(instance).component = kNoIndex;
  whole = Component();
  for (const RequestIndex request : requests) JoinDecode(view, request);
}

bool BraidPolicy::Shares(const Component& component) const {
  return std::any_of(component.instances.begin(), component.instances.end(),
                     [&](std::int32_t index) {
                       const Instance& instance = instances_[At(index)];
                       return instance.bulk != kNoIndex || instance.express != kNoIndex;
                     });
}

std::int64_t BraidPolicy::ContextOf(const EngineView& view, const Component& group) const {
  std::int64_t context = 0;
  group.decoding.ForEach([&](RequestIndex request) { context += view.request(request).kv_tokens; });
  return context / static_cast<std::int64_t>(std::max<std::size_t>(group.instances.size(), 1));
}

/// Passes beside a prefill leave it room: two thirds of the time, and while prompts wait for the
/// ranks all that the TPOT limit allows.
std::int64_t BraidPolicy::PeriodNs(const EngineView& view, const Component& group) const {
  if (!options_.pacing || !Shares(group)) return 0;
  const auto longest =
      static_cast<std::int64_t>(options_.pace * static_cast<double>(options_.tpot_ns));
  if (UnderPressure(view)) return longest;
  return RelaxedPeriodNs(
      DecodePassNs(static_cast<std::int64_t>(group.decoding.size()), ContextOf(view, group)));
}

/// The distance of passes of `pass_ns` beside a prefill that nobody waits for.
std::int64_t BraidPolicy::RelaxedPeriodNs(std::int64_t pass_ns) const {
  const auto longest =
      static_cast<std::int64_t>(options_.pace * static_cast<double>(options_.tpot_ns));
  // Coarse, so that a running step need not be replaced for a token more.
  const std::int64_t coarse = std::max<std::int64_t>(longest / 8, 1);
  return std::min(longest, (kSharePasses * pass_ns + coarse - 1) / coarse * coarse);
}

/// Whether a prefill has ranks of `group` to itself.
bool BraidPolicy::Yields(const Component& group) const {
  return std::any_of(group.instances.begin(), group.instances.end(), [&](std::int32_t index) {
    const Instance& mine = instances_[At(index)];
    return mine.alone && (mine.bulk != kNoIndex || mine.express != kNoIndex);
  });
}

void BraidPolicy::IssueDecode(const EngineView& view, std::int32_t index, StepSink& sink) {
  Component& group = component(index);
  const OverlapMode mode = DecodeMode(view, group);
  // Rounds have a pace of their own.
  const std::int64_t period = mode == OverlapMode::kLiger ? 0 : PeriodNs(view, group);
  if (group.running != kNoIndex || !group.also_running.empty()) {
    // Stays dirty until the pass ends, then what should run is issued.
    if (group.running != kNoIndex) {
      const bool same = view.step(group.running).plan.requests.size() == group.decoding.size() &&
                        group.period_ns == period && group.mode == mode &&
                        group.also_running.empty();
      if (same || group.turn > 0) {
        group.dirty = !same;
        return;
      }
      sink.Stop(group.running);
      if (options_.foresight && !Yields(group) && PlanDecode(view, group, period, mode)) {
        sink.Foresee(group.running, plan_);
      }
    }
    for (const StepIndex step : group.also_running) sink.Stop(step);
    return;
  }
  if (Yields(group)) return;  // the end of the prefill brings it up again
  group.dirty = false;
  if (group.decoding.empty()) {
    for (const std::int32_t instance : group.instances) at(instance).component = kNoIndex;
    group = Component();
    return;
  }
  group.context = ContextOf(view, group);
  if (!PlanDecode(view, group, period, mode)) {
    AwaitRoom(view, index, sink);
    return;
  }
  const Issued issued = sink.Issue(plan_);
  if (issued == Issued::kYes) {
    ExplainDecode(view, group);
    group.running = view.instance(group.instances.front()).steps.back();
    group.period_ns = period;
    group.mode = mode;
    return;
  }
  if (issued == Issued::kNoSlots) {
    AwaitRoom(view, index, sink);
  } else {
    group.dirty = true;  // a move has the strand; its end asks again
  }
}

/// Puts a step of all that decode in `group` into plan_. False: no slots for it.
bool BraidPolicy::PlanDecode(const EngineView& view, const Component& group, std::int64_t period,
                             OverlapMode mode) {
  plan_.Clear();
  plan_.instances = group.instances;
  plan_.priority = kDecodePriority;
  plan_.max_repeats = group.turn > 0 ? group.turn : kUntilStopped;
  plan_.period_ns = period;
  plan_.overlap = mode;
  return ChooseMasters(view, group);
}

/// New tokens stay with the owner that has most room; where all owners are full, with any instance
/// of the group: its passes reach it anyway. False: no instance of the group has room.
bool BraidPolicy::ChooseMasters(const EngineView& view, const Component& group) {
  for (const std::int32_t index : group.instances) at(index).room = view.instance(index).free();
  bool found = true;
  group.decoding.ForEach([&](RequestIndex request) {
    const RequestState& state = view.request(request);
    std::int32_t master = state.owners.front().instance;
    for (const KvShare& owner : state.owners) {
      if (at(owner.instance).room > at(master).room) master = owner.instance;
    }
    if (at(master).room <= 0) {
      for (const std::int32_t other : group.instances) {
        if (at(other).room > at(master).room) master = other;
      }
    }
    found = found && at(master).room > 0;
    --at(master).room;
    plan_.requests.push_back({.request = request, .decode = true, .master = master});
  });
  return found;
}

}  // namespace braid
