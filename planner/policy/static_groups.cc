#include "planner/policy/static_groups.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;

}  // namespace

StaticGroups::StaticGroups(const PolicyOptions& options, const CostModel& costs,
                           std::vector<std::vector<std::int32_t>> groups, bool chunked)
    : options_(options), costs_(costs), chunked_(chunked), lengths_(options.oracle) {
  for (auto& instances : groups) {
    groups_.emplace_back();
    groups_.back().instances = std::move(instances);
  }
}

void StaticGroups::Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) {
  for (const Event& event : events) Handle(view, event, sink);
  for (const Event& event : events) {
    Group* group = nullptr;
    if (event.kind == Event::Kind::kStepEnded) {
      group = &GroupOf(view.step(event.step).plan.requests.front().request);
    } else if (event.kind == Event::Kind::kArrival && group_of_[At(event.request)] != kNoIndex) {
      group = &GroupOf(event.request);
    }
    if (group == nullptr || !group->changed) continue;
    group->changed = false;
    if (group->running != kNoIndex) {
      if (group->running_decode && group->passes_to_wait == 0) sink.Stop(group->running);
      continue;
    }
    if (chunked_) {
      IssueMixed(view, *group, sink);
    } else if (group->passes_to_wait > 0 || !IssuePrefill(view, *group, sink)) {
      IssueDecode(view, *group, sink);
    }
  }
}

void StaticGroups::Handle(const EngineView& view, const Event& event, StepSink& sink) {
  switch (event.kind) {
    case Event::Kind::kArrival:
      Arrive(view, event.request, sink);
      break;
    case Event::Kind::kFinished: {
      Group& group = GroupOf(event.request);
      const RequestState& state = view.request(event.request);
      lengths_.Finished(state.generated);
      group.outstanding -= promised_[At(event.request)];
      if (places_[At(event.request)] != kNoIndex) group.decoding.Remove(event.request, places_);
      promised_[At(event.request)] = -1;  // ended: the end of its step must not see it again
      break;
    }
    case Event::Kind::kStepEnded:
      Ended(view, event.step);
      break;
    case Event::Kind::kNoMemory:
    case Event::Kind::kWake:
      break;
  }
}

void StaticGroups::Arrive(const EngineView& view, RequestIndex request, StepSink& sink) {
  if (group_of_.size() <= At(request)) {
    group_of_.resize(At(request) + 1, kNoIndex);
    places_.resize(At(request) + 1, kNoIndex);
    promised_.resize(At(request) + 1, 0);
  }
  const RequestState& state = view.request(request);
  std::int32_t best = 0;
  if (options_.round_robin) {
    best = next_group_;
    next_group_ = (next_group_ + 1) % static_cast<std::int32_t>(groups_.size());
  }
  for (std::int32_t i = 1; !options_.round_robin && i < static_cast<std::int32_t>(groups_.size());
       ++i) {
    if (groups_[At(i)].outstanding < groups_[At(best)].outstanding) best = i;
  }
  group_of_[At(request)] = best;
  Group& group = groups_[At(best)];
  std::int64_t capacity = 0;
  for (const std::int32_t instance : group.instances) capacity += view.instance(instance).capacity;
  const std::int64_t most = state.request.prompt_tokens + lengths_.Most(state);
  if (state.request.prompt_tokens >= capacity || (options_.oracle && most > capacity)) {
    group_of_[At(request)] = kNoIndex;
    sink.Reject(request, "it needs " + std::to_string(most) + " KV slots, a group has " +
                             std::to_string(capacity));
    return;
  }
  promised_[At(request)] = state.request.prompt_tokens + lengths_.Left(state);
  group.outstanding += promised_[At(request)];
  group.waiting.push_back(request);
  group.changed = true;
}

void StaticGroups::Ended(const EngineView& view, StepIndex step) {
  const RunningStep& ended = view.step(step);
  Group& group = GroupOf(ended.plan.requests.front().request);
  group.running = kNoIndex;
  group.changed = true;
  if (ended.plan.requests.front().decode && !chunked_) {
    group.passes_to_wait = std::max(0, group.passes_to_wait - ended.repeats_done);
  }
  for (const PlannedRequest& planned : ended.plan.requests) {
    const RequestState& state = view.request(planned.request);
    if (planned.decode || promised_[At(planned.request)] < 0) continue;
    if (state.phase == Phase::kDecode) group.decoding.Add(planned.request, places_);
  }
}

void StaticGroups::FreeOf(const EngineView& view, const Group& group) {
  free_.clear();
  for (const std::int32_t instance : group.instances) {
    free_.push_back({.instance = instance, .slots = view.instance(instance).free()});
  }
}

bool StaticGroups::Admissible(const EngineView& view, Group& group, RequestIndex request) {
  const RequestState& state = view.request(request);
  std::int64_t capacity = 0;
  for (const std::int32_t instance : group.instances) capacity += view.instance(instance).capacity;
  claims_.push_back({.held = state.prefill_target + 1, .left = lengths_.Left(state)});
  if (FutureHighWater(claims_) <= capacity) return true;
  // Sorted meanwhile: take back one equal claim.
  const auto mine = std::find_if(claims_.begin(), claims_.end(), [&](const MemoryClaim& claim) {
    return claim.held == state.prefill_target + 1 && claim.left == lengths_.Left(state);
  });
  claims_.erase(mine);
  return false;
}

bool StaticGroups::IssuePrefill(const EngineView& view, Group& group, StepSink& sink) {
  if (group.waiting.empty()) return false;
  FreeOf(view, group);
  claims_.clear();
  group.decoding.ForEach([&](RequestIndex index) {
    const RequestState& state = view.request(index);
    claims_.push_back({.held = state.kv_tokens + 1, .left = lengths_.Left(state)});
  });
  plan_.Clear();
  plan_.instances = group.instances;
  plan_.exchange_in_turn = true;
  const auto degree = static_cast<std::int32_t>(group.instances.size());
  const PrefillLine line = costs_.Prefill(degree);
  double tokens = 0;
  double pairs = 0;
  while (!group.waiting.empty() &&
         group.decoding.size() + plan_.requests.size() < At(options_.max_batch)) {
    const RequestIndex index = group.waiting.front();
    const RequestState& state = view.request(index);
    const double more = state.prefill_target;
    const bool first = plan_.requests.empty();
    const auto time = line.Ns(tokens + more, pairs + more * more);
    if (!first && (time > static_cast<double>(options_.max_prefill_ns) ||
                   tokens + more > static_cast<double>(options_.max_prefill_tokens))) {
      break;
    }
    const auto first_share = static_cast<std::uint32_t>(plan_.shares.size());
    // A lone request is never refused for what it may become: evicting is better than waiting for
    // ever.
    const bool alone = group.decoding.empty() && first;
    if (!Admissible(view, group, index) && !alone) break;
    if (!SpreadEvenly(state.prefill_target, free_, plan_.shares)) break;
    tokens += more;
    pairs += more * more;
    plan_.requests.push_back(
        {.request = index,
         .rows = state.prefill_target,
         .master = group.instances.front(),
         .first_share = first_share,
         .num_shares = static_cast<std::uint32_t>(plan_.shares.size()) - first_share});
    group.waiting.pop_front();
  }
  if (plan_.requests.empty()) return false;
  plan_.predicted_ns = static_cast<std::int64_t>(line.Ns(tokens, pairs));
  if (sink.Issue(plan_) != Issued::kYes) {
    for (std::size_t i = plan_.requests.size(); i-- > 0;) {
      group.waiting.push_front(plan_.requests[i].request);
    }
    return false;
  }
  group.running = view.instance(group.instances.front()).steps.back();
  group.running_decode = false;
  group.passes_to_wait = options_.wait_passes;
  return true;
}

void StaticGroups::AddDecodeRows(const EngineView& view, Group& group) {
  FreeOf(view, group);
  const std::int64_t rows = static_cast<std::int64_t>(group.decoding.size());
  // As few masters as the threshold asks for, those with the most room first.
  std::sort(free_.begin(), free_.end(), [](const FreeSlots& a, const FreeSlots& b) {
    return a.slots != b.slots ? a.slots > b.slots : a.instance < b.instance;
  });
  const std::int64_t masters =
      std::clamp<std::int64_t>((rows + options_.master_rows - 1) / options_.master_rows, 1,
                               static_cast<std::int64_t>(free_.size()));
  const std::int64_t share = (rows + masters - 1) / masters;
  std::size_t at = 0;
  std::int64_t given = 0;
  group.decoding.ForEach([&](RequestIndex index) {
    if ((given >= share || free_[at].slots <= 0) && at + 1 < free_.size()) {
      ++at;
      given = 0;
    }
    ++given;
    --free_[at].slots;
    plan_.requests.push_back({.request = index, .decode = true, .master = free_[at].instance});
  });
}

void StaticGroups::EvictNewest(const EngineView& view, Group& group, StepSink& sink) {
  const RequestIndex newest = group.decoding.Newest();
  const RequestState& state = view.request(newest);
  group.decoding.Remove(newest, places_);
  std::int64_t capacity = 0;
  for (const std::int32_t instance : group.instances) capacity += view.instance(instance).capacity;
  const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
  if (needed > capacity) {
    group.outstanding -= promised_[At(newest)];
    sink.Reject(newest, Outgrew(needed, capacity));
    return;
  }
  // Behind a prompt that holds a part of its KV already: it must be able to go on.
  const auto fresh = std::find_if(
      group.waiting.begin(), group.waiting.end(),
      [&](RequestIndex request) { return view.request(request).phase == Phase::kWaiting; });
  group.waiting.insert(fresh, newest);
  sink.Evict(newest);
}

bool StaticGroups::IssueDecode(const EngineView& view, Group& group, StepSink& sink) {
  while (!group.decoding.empty()) {
    plan_.Clear();
    plan_.instances = group.instances;
    plan_.exchange_in_turn = true;
    AddDecodeRows(view, group);
    plan_.period_ns = options_.pass_period_ns;
    plan_.max_repeats = group.passes_to_wait > 0 ? group.passes_to_wait : kUntilStopped;
    const Issued issued = sink.Issue(plan_);
    if (issued == Issued::kYes) {
      group.running = view.instance(group.instances.front()).steps.back();
      group.running_decode = true;
      return true;
    }
    if (issued == Issued::kNoStrand) return false;
    EvictNewest(view, group, sink);
  }
  group.passes_to_wait = 0;
  return !group.waiting.empty() && IssuePrefill(view, group, sink);
}

bool StaticGroups::IssueMixed(const EngineView& view, Group& group, StepSink& sink) {
  while (!group.decoding.empty() || !group.waiting.empty()) {
    plan_.Clear();
    plan_.instances = group.instances;
    plan_.exchange_in_turn = true;
    if (!group.decoding.empty()) AddDecodeRows(view, group);
    FreeOf(view, group);
    for (const PlannedRequest& planned : plan_.requests) {
      for (FreeSlots& free : free_) free.slots -= free.instance == planned.master ? 1 : 0;
    }
    claims_.clear();
    for (const PlannedRequest& planned : plan_.requests) {
      const RequestState& state = view.request(planned.request);
      claims_.push_back({.held = state.kv_tokens + 1, .left = lengths_.Left(state)});
    }
    std::int64_t budget = options_.chunk_tokens - static_cast<std::int64_t>(plan_.requests.size());
    std::size_t taken = 0;
    while (taken < group.waiting.size() && budget > 0 &&
           plan_.requests.size() < At(options_.max_batch)) {
      const RequestIndex index = group.waiting[taken];
      const RequestState& state = view.request(index);
      const bool alone = plan_.requests.empty();
      if (!Admissible(view, group, index) && state.phase == Phase::kWaiting && !alone) break;
      const auto rows = std::min<std::int64_t>(budget, state.prefill_left());
      const auto first_share = static_cast<std::uint32_t>(plan_.shares.size());
      if (!SpreadEvenly(rows, free_, plan_.shares)) break;
      plan_.requests.push_back(
          {.request = index,
           .rows = static_cast<std::int32_t>(rows),
           .master = group.instances.front(),
           .first_share = first_share,
           .num_shares = static_cast<std::uint32_t>(plan_.shares.size()) - first_share});
      budget -= rows;
      if (rows < state.prefill_left()) break;
      ++taken;
    }
    if (plan_.requests.empty()) return false;
    if (plan_.requests.back().decode) {
      plan_.period_ns = options_.pass_period_ns;
      plan_.max_repeats = kUntilStopped;
    }
    const Issued issued = sink.Issue(plan_);
    if (issued == Issued::kYes) {
      group.waiting.erase(group.waiting.begin(),
                          group.waiting.begin() + static_cast<std::ptrdiff_t>(taken));
      group.running = view.instance(group.instances.front()).steps.back();
      group.running_decode = plan_.requests.back().decode;
      return true;
    }
    if (issued == Issued::kNoStrand || group.decoding.empty()) return false;
    EvictNewest(view, group, sink);
  }
  return false;
}

}  // namespace braid
