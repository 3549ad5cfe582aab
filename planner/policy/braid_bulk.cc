#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::size_t kMostBatched = 64;  // prompts that one search looks at

}  // namespace

/// Under overload somebody will be late: the fewest are if it is the costliest.
void BraidPolicy::ChooseLost(const EngineView& view) {
  // The starvation bound: a small share of all work goes to those that were given up long ago,
  // oldest first.
  const double workers_ns =
      static_cast<double>(view.now_ns - credited_ns_) * static_cast<double>(instances_.size());
  credit_ns_ = std::min(credit_ns_ + options_.starvation_share * workers_ns,
                        static_cast<double>(options_.ttft_floor_ns * 100));
  credited_ns_ = view.now_ns;
  due_.clear();
  const double workers = static_cast<double>(instances_.size());
  const auto add = [&](RequestIndex request) {
    const RequestState& state = view.request(request);
    Task& mine = task(request);
    mine.due.work_ns = LeftNs(state, 1) * stretch_ / workers;
    mine.due.due_ns =
        state.request.arrival_ns + mine.limit_ns - view.now_ns -
        static_cast<std::int64_t>(options_.due_margin * static_cast<double>(mine.limit_ns));
    if (mine.lost &&
        view.now_ns - state.request.arrival_ns > options_.starvation_factor * mine.limit_ns &&
        credit_ns_ >= LeftNs(state, 1)) {
      mine.rescued = true;
      credit_ns_ -= LeftNs(state, 1);
    }
    // What was begun would be lost twice.
    mine.due.spared = state.kv_tokens > 0;
    // Nor does it help to waver: what was given up before it began stays so.
    mine.due.on_time = mine.rescued || !mine.lost || mine.due.spared;
    if (!mine.rescued && mine.due.on_time) due_.push_back(&mine.due);
  };
  for (const RequestIndex request : bulk_) add(request);
  for (const RequestIndex request : in_chunk_) add(request);
  if (options_.giving_up) on_time_.Choose(view.now_ns, due_);
  for (const RequestIndex request : bulk_) task(request).lost = !task(request).due.on_time;
}

/// Takes the KV of prompts that were begun and given up, oldest first, until one that is on time
/// finds a home.
bool BraidPolicy::EvictLost(const EngineView& view, RequestIndex request, StepSink& sink) {
  for (const RequestIndex victim : bulk_) {
    if (!task(victim).lost || view.request(victim).kv_tokens == 0) continue;
    // Slots where no chunk could start now help nobody.
    const std::vector<KvShare>& home = task(victim).home;
    if (std::none_of(home.begin(), home.end(),
                     [&](const KvShare& share) { return BulkFree(share.instance); })) {
      continue;
    }
    Forget(victim);
    sink.Evict(victim);
    if (ChooseHome(view, request, true)) return true;
  }
  return false;
}

/// Least slack first; those that were given up come last.
void BraidPolicy::OrderBulk(const EngineView& view) {
  for (const RequestIndex request : bulk_) {
    const RequestState& state = view.request(request);
    // Who has begun holds slots already: switching must be worth something.
    const bool begun = state.kv_tokens > 0 && options_.hysteresis;
    task(request).key = !options_.slack_order
                            ? state.request.arrival_ns
                            : SlackNs(view, request) - (begun ? options_.switch_slack_ns : 0);
  }
  std::sort(bulk_.begin(), bulk_.end(), [&](RequestIndex a, RequestIndex b) {
    const Task& first = task(a);
    const Task& second = task(b);
    if (options_.slack_order && first.lost != second.lost) return second.lost;
    return first.key != second.key ? first.key < second.key
                                   : view.request(a).request.id < view.request(b).request.id;
  });
}

/// Puts `request` on the instances of its home, where they are free.
bool BraidPolicy::Choose(RequestIndex request) {
  const Task& mine = task(request);
  const bool free = std::all_of(mine.home.begin(), mine.home.end(),
                                [&](const KvShare& share) { return BulkFree(share.instance); });
  if (!free || mine.home.empty()) return false;
  chosen_.push_back({request, {}});
  for (const KvShare& share : mine.home) {
    chosen_.back().group.push_back(share.instance);
    at(share.instance).taken = true;
  }
  return true;
}

/// The waiting prompts that have not begun and the instances that nobody has taken, as one exact
/// search partitions them; of each group the prompt with the least slack goes now, on all of its
/// instances.
void BraidPolicy::Partition(const EngineView& view) {
  std::vector<RequestIndex> fresh;
  for (const RequestIndex request : bulk_) {
    const Task& mine = task(request);
    if (mine.lost || !mine.home.empty() || fresh.size() == kMostBatched) continue;
    fresh.push_back(request);
  }
  std::vector<std::int32_t> free;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    if (BulkFree(i)) free.push_back(i);
  }
  if (fresh.empty() || free.size() < 2) return;
  std::vector<BatchingRequest> requests;
  for (const RequestIndex request : fresh) {
    const RequestState& state = view.request(request);
    const double tokens = state.prefill_target;
    requests.push_back({.tokens = state.prefill_target,
                        .pairs = tokens * tokens,
                        .slots = Need(view, state),
                        .length = tokens,
                        .waited_ns = view.now_ns - state.request.arrival_ns,
                        .limit_ns = task(request).limit_ns});
  }
  std::vector<BatchingInstance> instances;
  for (const std::int32_t i : free) {
    instances.push_back({.free_slots = view.instance(i).capacity - at(i).promised,
                         .node = i / cluster_.instances_per_node()});
  }
  const BatchingPlan& plan =
      batcher_.Solve({.requests = requests,
                      .instances = instances,
                      .lines = std::span(lines_).first(std::min(lines_.size(), free.size() + 1)),
                      .objective = options_.objective,
                      .method = ChooseBatchingMethod(requests.size(), instances.size())});
  for (const BatchingGroup& group : plan.groups) {
    RequestIndex first = kNoIndex;
    for (std::int32_t i = group.first_request; i < group.end_request; ++i) {
      const RequestIndex request = fresh[At(plan.request_order[At(i)])];
      if (first == kNoIndex || task(request).key < task(first).key) first = request;
    }
    // Its home is found within the group: the others are hidden meanwhile.
    for (const std::int32_t i : free) at(i).hidden = true;
    std::vector<std::int32_t> members;
    for (std::int32_t i = group.first_instance; i < group.end_instance; ++i) {
      members.push_back(free[At(plan.instance_order[At(i)])]);
      at(members.back()).hidden = false;
    }
    const bool found = ChooseHome(view, first, true);
    for (const std::int32_t i : free) at(i).hidden = false;
    if (!found || !Choose(first)) continue;
    for (const std::int32_t member : members) {
      if (!BulkFree(member)) continue;
      chosen_.back().group.push_back(member);
      at(member).taken = true;
    }
  }
}

/// Instances that nobody wants go to whoever gains most by another one. Under pressure they had
/// better wait for a prompt of their own: larger degrees are less efficient.
void BraidPolicy::GrowDegrees(const EngineView& view) {
  const double least = UnderPressure(view) ? 1 : options_.growth_gain;
  while (!chosen_.empty()) {
    Chosen* best = nullptr;
    std::int32_t helper = kNoIndex;
    double most = 0;
    for (Chosen& candidate : chosen_) {
      const auto degree = static_cast<std::int32_t>(candidate.group.size());
      const std::int32_t first =
          candidate.group.front() / cluster_.instances_per_node() * cluster_.instances_per_node();
      std::int32_t found = first;
      while (found < first + cluster_.instances_per_node() && !BulkFree(found)) ++found;
      if (found == first + cluster_.instances_per_node()) continue;
      const RequestState& state = view.request(candidate.request);
      const double before = LeftNs(state, degree);
      const double gain = before - LeftNs(state, degree + 1);
      if (gain <= least * before / (degree + 1) || gain <= most) continue;
      best = &candidate;
      helper = found;
      most = gain;
    }
    if (best == nullptr) return;
    best->group.push_back(helper);
    at(helper).taken = true;
  }
}

/// Each prompt gets the instances of its home, or its group of the partition; what is left over
/// then makes degrees grow.
void BraidPolicy::IssueBulk(const EngineView& view, StepSink& sink) {
  bool any_free = false;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    const Turn turn = TurnOf(i, false);
    at(i).taken = at(i).bulk != kNoIndex || turn != Turn::kNow;
    at(i).decodes_first =
        at(i).bulk == kNoIndex && (turn == Turn::kAfterStop || turn == Turn::kAfterDecodes);
    any_free = any_free || !at(i).taken;
  }
  if (any_free) ChooseBulk(view, sink);
  AskForTurns(view, sink);
  for (Instance& instance : instances_) instance.taken = instance.decodes_first = false;
}

void BraidPolicy::ChooseBulk(const EngineView& view, StepSink& sink) {
  ChooseLost(view);
  OrderBulk(view);
  chosen_.clear();
  if (options_.partition) {
    for (const RequestIndex request : bulk_) {
      if (!task(request).lost && !task(request).home.empty()) Choose(request);
    }
    Partition(view);
  }
  for (const RequestIndex request : bulk_) {
    const Task& mine = task(request);
    // Whoever is given up takes nothing from those that can be served in time.
    const bool alone = chosen_.empty() && in_chunk_.empty();
    if (options_.slack_order && mine.lost && !alone) break;
    if (mine.home.empty() && !ChooseHome(view, request, true) &&
        (mine.lost || !EvictLost(view, request, sink))) {
      continue;
    }
    Choose(request);
  }
  if (options_.degree_growth) GrowDegrees(view);
  for (const Chosen& candidate : chosen_) {
    if (!IssueChunk(view, candidate.request, candidate.group, sink)) continue;
    bulk_.erase(std::find(bulk_.begin(), bulk_.end(), candidate.request));
  }
}

}  // namespace braid
