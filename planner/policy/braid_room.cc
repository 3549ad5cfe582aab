#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kMovePriority = 2;
constexpr std::int64_t kPassesAhead = 256;
/// Out and in again.
constexpr double kSwapWays = 2;

}  // namespace

/// A decode that found no slots goes on when what leaves has left; if nothing leaves, something has
/// to.
void BraidPolicy::AwaitRoom(const EngineView& view, std::int32_t index, StepSink& sink) {
  const Component& group = component(index);
  const bool room_comes =
      std::any_of(group.instances.begin(), group.instances.end(),
                  [&](std::int32_t instance) { return at(instance).leaving > 0; });
  component(index).dirty = true;
  if (!room_comes) MakeRoom(view, index, sink);
}

/// The request of the group that arrived last gives up its slots, in the cheapest way: its KV moves
/// to an instance that has room, goes to the host's memory and comes back, or is computed again.
/// Who arrived first is asked last, so somebody always gets on.
void BraidPolicy::MakeRoom(const EngineView& view, std::int32_t index, StepSink& sink) {
  RequestIndex last = kNoIndex;
  component(index).decoding.ForEach([&](RequestIndex request) {
    if (last == kNoIndex || view.request(request).request.id > view.request(last).request.id) {
      last = request;
    }
  });
  const RequestState& state = view.request(last);
  const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
  if (needed > Capacity(view)) {
    Forget(last);
    memory_changed_ = true;
    sink.Reject(last, Outgrew(needed, Capacity(view)));
    sink.WakeAt(view.now_ns + 1);
    return;
  }
  const double tokens = state.kv_tokens;
  const double again_ns = lines_[1].Ns(tokens, tokens * tokens);
  const double swap_ns = kSwapWays * static_cast<double>(costs_.SwapNs(state.kv_tokens));
  Forget(last);
  if (options_.moving && MoveAway(view, last, std::min(again_ns, swap_ns), sink)) return;
  if (options_.swap && swap_ns < again_ns && SwapOut(view, last, sink)) return;
  sink.Evict(last);
  bulk_.push_back(last);
  task(last).express = false;
  bulk_changed_ = true;
  memory_changed_ = true;
  sink.WakeAt(view.now_ns + 1);
}

/// To the instance with most room outside of its group, for good.
bool BraidPolicy::MoveAway(const EngineView& view, RequestIndex request, double limit_ns,
                           StepSink& sink) {
  const RequestState& state = view.request(request);
  if (state.owners.size() != 1) return false;
  const std::int32_t from = state.owners.front().instance;
  const std::int64_t need = Need(view, state);
  std::int32_t to = kNoIndex;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    const std::int64_t room = view.instance(i).capacity - at(i).promised;
    if (at(i).component == at(from).component || room < need || BatchFull(i)) continue;
    if (!HasRoomFor(view, i, state.kv_tokens)) continue;
    if (to == kNoIndex || at(i).promised < at(to).promised) to = i;
  }
  if (to == kNoIndex) return false;
  const bool same_node = from / cluster_.instances_per_node() == to / cluster_.instances_per_node();
  if (static_cast<double>(costs_.MoveNs(state.kv_tokens, same_node)) >= limit_ns) return false;
  return MoveTo(view, request, to, sink);
}

/// Moves all KV of a request from its only owner, for good. The request must not decode.
bool BraidPolicy::MoveTo(const EngineView& view, RequestIndex request, std::int32_t to,
                         StepSink& sink) {
  const RequestState& state = view.request(request);
  const std::int32_t from = state.owners.front().instance;
  plan_.Clear();
  plan_.move = true;
  plan_.priority = kMovePriority;
  plan_.instances = {from, to};
  plan_.shares.push_back({.instance = to, .tokens = state.kv_tokens});
  plan_.requests.push_back({.request = request,
                            .rows = state.kv_tokens,
                            .master = from,
                            .first_share = 0,
                            .num_shares = 1});
  if (sink.Issue(plan_) != Issued::kYes) return false;
  ++at(from).leaving;
  Forget(request);
  Promise(request, {{.instance = to, .tokens = static_cast<std::int32_t>(Need(view, state))}});
  return true;
}

bool BraidPolicy::SwapOut(const EngineView& view, RequestIndex request, StepSink& sink) {
  const RequestState& state = view.request(request);
  if (Need(view, state) > view.instance(0).capacity) return false;  // it comes back to one instance
  plan_.Clear();
  plan_.move = true;
  plan_.priority = kMovePriority;
  for (const KvShare& owner : state.owners) plan_.instances.push_back(owner.instance);
  plan_.shares.push_back({.instance = kHostMemory, .tokens = state.kv_tokens});
  plan_.requests.push_back({.request = request,
                            .rows = state.kv_tokens,
                            .master = plan_.instances.front(),
                            .first_share = 0,
                            .num_shares = 1});
  if (sink.Issue(plan_) != Issued::kYes) return false;
  for (const std::int32_t instance : plan_.instances) ++at(instance).leaving;
  return true;
}

/// Whether those that decode in `instance` can go on for a while if `tokens` more come to it; what
/// comes only to leave again keeps everybody from going on.
bool BraidPolicy::HasRoomFor(const EngineView& view, std::int32_t instance,
                             std::int64_t tokens) const {
  const std::int32_t index = instances_[At(instance)].component;
  const std::size_t others = index == kNoIndex ? 0 : components_[At(index)].decoding.size();
  const auto rows = static_cast<std::int64_t>(others);
  const std::int64_t free = view.instance(instance).free();
  return rows == 0 ? free > tokens : free >= tokens + kPassesAhead * (rows + 1);
}

void BraidPolicy::SwapIn(const EngineView& view, StepSink& sink) {
  std::erase_if(swapped_, [&](RequestIndex request) {
    const RequestState& state = view.request(request);
    if (!ChooseHome(view, request, false)) return false;
    plan_.Clear();
    plan_.move = true;
    plan_.priority = kMovePriority;
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

/// The KV of `ended`'s request is where it should be, or in the host's memory.
void BraidPolicy::EndMove(const EngineView& view, const RunningStep& ended) {
  const PlannedRequest& planned = ended.plan.requests.front();
  memory_changed_ = true;
  if (view.request(planned.request).phase == Phase::kSwapped) {
    for (const std::int32_t instance : ended.plan.instances) --at(instance).leaving;
    swapped_.push_back(planned.request);
    return;
  }
  if (planned.master != kHostMemory) --at(planned.master).leaving;
  JoinDecode(view, planned.request);
}

}  // namespace braid
