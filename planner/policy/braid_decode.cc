#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;
constexpr std::int32_t kDecodePriority = 2;
constexpr std::int64_t kPassesAhead = 64;
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
    // A pass that runs ends as a step of the joined group; until then the group waits for it.
    if (source.running != kNoIndex) component(joined).also_running.push_back(source.running);
    for (const StepIndex step : source.also_running) {
      component(joined).also_running.push_back(step);
    }
    source = Component();
  }
  component(joined).decoding.Add(request, places_);
  component(joined).dirty = true;
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
  if (!options_.pacing || !strands_ || !Shares(group)) return 0;
  const auto longest =
      static_cast<std::int64_t>(options_.pace * static_cast<double>(options_.tpot_ns));
  if (UnderPressure(view)) return longest;
  const std::int64_t pass_ns =
      DecodePassNs(static_cast<std::int64_t>(group.decoding.size()), ContextOf(view, group));
  // Coarse, so that a running step need not be replaced for a token more.
  const std::int64_t coarse = std::max<std::int64_t>(longest / 8, 1);
  return std::min(longest, (kSharePasses * pass_ns + coarse - 1) / coarse * coarse);
}

void BraidPolicy::IssueDecode(const EngineView& view, std::int32_t index, StepSink& sink) {
  Component& group = component(index);
  const std::int64_t period = PeriodNs(view, group);
  if (group.running != kNoIndex || !group.also_running.empty()) {
    // Stays dirty until the pass ends, then what should run is issued.
    if (group.running != kNoIndex) {
      const bool same = view.step(group.running).plan.requests.size() == group.decoding.size() &&
                        group.period_ns == period && group.also_running.empty();
      if (same || group.turn > 0) {
        group.dirty = !same;
        return;
      }
      sink.Stop(group.running);
    }
    for (const StepIndex step : group.also_running) sink.Stop(step);
    return;
  }
  if (!strands_ && Shares(group)) return;  // the end of the prefill brings it up again
  group.dirty = false;
  if (group.decoding.empty()) {
    for (const std::int32_t instance : group.instances) at(instance).component = kNoIndex;
    group = Component();
    return;
  }
  plan_.Clear();
  plan_.instances = group.instances;
  plan_.priority = kDecodePriority;
  plan_.max_repeats = group.turn > 0 ? group.turn : kUntilStopped;
  plan_.period_ns = period;
  group.context = ContextOf(view, group);
  group.decoding.ForEach([&](RequestIndex request) {
    // New tokens stay with the owner that has most room.
    const RequestState& state = view.request(request);
    std::int32_t master = state.owners.front().instance;
    for (const KvShare& owner : state.owners) {
      if (view.instance(owner.instance).free() > view.instance(master).free()) {
        master = owner.instance;
      }
    }
    plan_.requests.push_back({.request = request, .decode = true, .master = master});
  });
  const Issued issued = sink.Issue(plan_);
  if (issued == Issued::kYes) {
    ExplainDecode(view, group);
    group.running = view.instance(group.instances.front()).steps.back();
    group.period_ns = period;
    return;
  }
  const bool room_comes =
      std::any_of(group.instances.begin(), group.instances.end(),
                  [&](std::int32_t instance) { return at(instance).swapping_out > 0; });
  if (issued == Issued::kNoSlots && !room_comes) {
    MakeRoom(view, index, sink);
  } else {
    group.dirty = true;  // a swap has the strand or frees slots; its end asks again
  }
}

/// The request of the group that came last gives up its slots: its KV goes to the host's memory and
/// comes back, or is computed again, whichever is faster.
void BraidPolicy::MakeRoom(const EngineView& view, std::int32_t index, StepSink& sink) {
  const RequestIndex newest = component(index).decoding.Newest();
  Forget(newest);
  component(index).dirty = true;
  const RequestState& state = view.request(newest);
  const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
  if (needed > Capacity(view)) {
    memory_changed_ = true;
    sink.Reject(newest, Outgrew(needed, Capacity(view)));
    sink.WakeAt(view.now_ns + 1);
    return;
  }
  if (options_.swap && SwapOut(view, newest, sink)) return;
  sink.Evict(newest);
  bulk_.push_back(newest);
  task(newest).express = false;
  bulk_changed_ = true;
  memory_changed_ = true;
  sink.WakeAt(view.now_ns + 1);
}

bool BraidPolicy::SwapOut(const EngineView& view, RequestIndex request, StepSink& sink) {
  const RequestState& state = view.request(request);
  const double tokens = state.kv_tokens;
  if (Need(view, state) > view.instance(0).capacity) return false;  // it comes back to one instance
  if (2 * static_cast<double>(costs_.SwapNs(state.kv_tokens)) >=
      lines_[1].Ns(tokens, tokens * tokens)) {
    return false;
  }
  plan_.Clear();
  plan_.move = true;
  plan_.priority = kDecodePriority;
  for (const KvShare& owner : state.owners) plan_.instances.push_back(owner.instance);
  plan_.shares.push_back({.instance = kHostMemory, .tokens = state.kv_tokens});
  plan_.requests.push_back({.request = request,
                            .rows = state.kv_tokens,
                            .master = plan_.instances.front(),
                            .first_share = 0,
                            .num_shares = 1});
  if (sink.Issue(plan_) != Issued::kYes) return false;
  for (const std::int32_t instance : plan_.instances) ++at(instance).swapping_out;
  return true;
}

/// Whether those that decode in `instance` can go on for a while if `tokens` more come to it; what
/// is swapped in only to be swapped out again keeps everybody from going on.
bool BraidPolicy::HasRoomFor(const EngineView& view, std::int32_t instance,
                             std::int64_t tokens) const {
  const std::int32_t index = instances_[At(instance)].component;
  const std::size_t others = index == kNoIndex ? 0 : components_[At(index)].decoding.size();
  const auto rows = static_cast<std::int64_t>(others);
  return rows == 0 || view.instance(instance).free() >= tokens + kPassesAhead * (rows + 1);
}

void BraidPolicy::SwapIn(const EngineView& view, StepSink& sink) {
  std::erase_if(swapped_, [&](RequestIndex request) {
    const RequestState& state = view.request(request);
    if (!ChooseHome(view, request, false)) return false;
    plan_.Clear();
    plan_.move = true;
    plan_.priority = kDecodePriority;
    plan_.instances = {task(request).home.front().instance};
    if (!HasRoomFor(view, plan_.instances.front(), state.kv_tokens)) {
      Forget(request);
      return false;
    }
    plan_.shares.push_back({.instance = plan_.instances.front(), .tokens = state.kv_tokens});
    plan_.requests.push_back({.request = request,
                              .rows = state.kv_tokens,
                              .master = kHostMemory,
                              .first_share = 0,
                              .num_shares = 1});
    if (sink.Issue(plan_) == Issued::kYes) return true;
    Forget(request);
    return false;
  });
}

}  // namespace braid
