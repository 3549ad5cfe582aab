#include "planner/policy/loongserve.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;

}  // namespace

bool LoongServe::IssuePrefills(const EngineView& view, const Choice& choice, StepSink& sink) {
  std::vector<BatchingRequest> requests;
  std::vector<BatchingInstance> instances;
  for (const RequestIndex index : choice.requests) {
    const RequestState& state = view.request(index);
    const double tokens = state.prefill_target;
    requests.push_back({.tokens = state.prefill_target,
                        .pairs = tokens * tokens,
                        .slots = state.prefill_target + 1,
                        .length = tokens});
  }
  for (const std::int32_t instance : choice.instances) {
    instances.push_back(
        {.free_slots = view.instance(instance).free(), .node = instance / instances_per_node_});
  }
  const BatchingPlan& plan =
      batcher_.Solve({.requests = requests,
                      .instances = instances,
                      .lines = std::span(lines_).first(choice.instances.size() + 1),
                      .objective = BatchingObjective::kNormalisedLatency,
                      .method = options_.batching == BatchingMethod::kExact
                                    ? ChooseBatchingMethod(requests.size(), instances.size())
                                    : options_.batching});
  bool issued = false;
  std::vector<RequestIndex> members;
  std::vector<std::int32_t> group;
  for (const BatchingGroup& found : plan.groups) {
    members.clear();
    group.clear();
    for (std::int32_t i = found.first_request; i < found.end_request; ++i) {
      members.push_back(choice.requests[At(plan.request_order[At(i)])]);
    }
    for (std::int32_t i = found.first_instance; i < found.end_instance; ++i) {
      group.push_back(choice.instances[At(plan.instance_order[At(i)])]);
    }
    issued |= IssuePrefill(view, members, group, sink);
  }
  if (!plan.feasible) {
    // Together they do not fit after all: in order of arrival, as many as do, on all instances.
    issued = IssuePrefill(view, choice.requests, choice.instances, sink);
  }
  if (issued) passes_since_admission_ = 0;
  return issued;
}

bool LoongServe::IssuePrefill(const EngineView& view, std::span<const RequestIndex> requests,
                              std::span<const std::int32_t> instances, StepSink& sink) {
  plan_.Clear();
  plan_.exchange_in_turn = true;
  plan_.instances.assign(instances.begin(), instances.end());
  // The scale-down plan: the fullest instance first, to the last slot.
  free_.clear();
  for (const std::int32_t instance : instances) {
    free_.push_back({.instance = instance, .slots = view.instance(instance).free()});
  }
  std::sort(free_.begin(), free_.end(), [](const FreeSlots& a, const FreeSlots& b) {
    return a.slots != b.slots ? a.slots < b.slots : a.instance < b.instance;
  });
  Load total;
  std::vector<RequestIndex> left_out;
  std::size_t at = 0;
  for (const RequestIndex index : requests) {
    const RequestState& state = view.request(index);
    std::int64_t room = 0;
    for (std::size_t i = at; i < free_.size(); ++i) room += free_[i].slots;
    std::int64_t tokens = state.prefill_target;
    if (tokens > room) {
      left_out.push_back(index);
      continue;
    }
    const auto first = static_cast<std::uint32_t>(plan_.shares.size());
    while (tokens > 0) {
      const std::int64_t part = std::min(tokens, free_[at].slots);
      if (part > 0) {
        plan_.shares.push_back(
            {.instance = free_[at].instance, .tokens = static_cast<std::int32_t>(part)});
      }
      free_[at].slots -= part;
      tokens -= part;
      if (free_[at].slots == 0) ++at;
    }
    plan_.requests.push_back(
        {.request = index,
         .rows = state.prefill_target,
         .master = instances.front(),
         .first_share = first,
         .num_shares = static_cast<std::uint32_t>(plan_.shares.size()) - first});
    total = total.With(state);
  }
  for (std::size_t i = left_out.size(); i-- > 0;) waiting_.push_front(left_out[i]);
  if (plan_.requests.empty()) return false;
  plan_.predicted_ns = static_cast<std::int64_t>(TimeNs(total, instances.size()));
  if (sink.Issue(plan_) != Issued::kYes) {
    for (std::size_t i = plan_.requests.size(); i-- > 0;) {
      waiting_.push_front(plan_.requests[i].request);
    }
    return false;
  }
  prefills_.push_back({.step = view.instance(instances.front()).steps.back(),
                       .instances = plan_.instances,
                       .end_ns = view.now_ns + plan_.predicted_ns});
  return true;
}

void LoongServe::IssueDecodes(const EngineView& view, StepSink& sink) {
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
    if (!batch(i).live || batch(i).paused || batch(i).running != kNoIndex) continue;
    if (batch(i).decoding.empty()) {
      batch(i) = Batch();
      continue;
    }
    while (batch(i).live && !IssueDecode(view, i, sink)) {
      if (GrowForMemory(view, i)) continue;
      // Nothing helps: the newest request goes back to the queue and is prefilled again.
      const RequestIndex newest = batch(i).decoding.Newest();
      batch(i).decoding.Remove(newest, places_);
      batch_of_[At(newest)] = kNoIndex;
      const RequestState& state = view.request(newest);
      const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
      std::int64_t capacity = 0;
      for (const InstanceState& instance : view.instances) capacity += instance.capacity;
      if (needed > capacity) {
        sink.Reject(newest, Outgrew(needed, capacity));
      } else {
        sink.Evict(newest);
        waiting_.push_front(newest);
      }
      if (batch(i).decoding.empty()) batch(i) = Batch();
    }
  }
}

/// Scale-up by memory: first a batch with room takes this one in, else an idle instance joins.
bool LoongServe::GrowForMemory(const EngineView& view, std::int32_t index) {
  std::int32_t best = kNoIndex;
  std::int64_t most = 0;
  const auto rows = static_cast<std::int64_t>(batch(index).decoding.size());
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
    const Batch& other = batch(i);
    if (i == index || !other.live || other.paused || other.running != kNoIndex) continue;
    std::int64_t spare = -rows - static_cast<std::int64_t>(other.decoding.size());
    for (const std::int32_t instance : other.instances) spare += view.instance(instance).free();
    if (spare > most) {
      best = i;
      most = spare;
    }
  }
  if (best != kNoIndex) {
    Merge(index, best);
    return true;
  }
  const std::vector<std::int32_t> idle = IdleInstances();
  if (idle.empty()) return false;
  batch(index).instances.push_back(idle.front());
  return true;
}

/// Masters by the rule of the code: fullest instances first, full ones are none; another instance
/// while a master would own more than master_rows and one is idle.
bool LoongServe::IssueDecode(const EngineView& view, std::int32_t index, StepSink& sink) {
  Batch& decoding = batch(index);
  const auto rows = static_cast<std::int64_t>(decoding.decoding.size());
  if (rows > options_.master_rows * static_cast<std::int64_t>(decoding.instances.size())) {
    const std::vector<std::int32_t> idle = IdleInstances();
    const std::int64_t wanted = (rows + options_.master_rows - 1) / options_.master_rows;
    for (const std::int32_t instance : idle) {
      if (static_cast<std::int64_t>(decoding.instances.size()) >= wanted) break;
      decoding.instances.push_back(instance);
    }
  }
  free_.clear();
  std::int64_t room = 0;
  for (const std::int32_t instance : decoding.instances) {
    const std::int64_t slots = view.instance(instance).free();
    if (slots <= 0) continue;
    free_.push_back({.instance = instance, .slots = slots});
    room += slots;
  }
  if (room < rows) return false;
  std::sort(free_.begin(), free_.end(), [](const FreeSlots& a, const FreeSlots& b) {
    return a.slots != b.slots ? a.slots < b.slots : a.instance < b.instance;
  });
  plan_.Clear();
  plan_.exchange_in_turn = true;
  plan_.queries_to_all = options_.queries_to_all;
  plan_.instances = decoding.instances;
  std::size_t at = 0;
  std::int64_t left = rows;
  std::int64_t open = 0;
  const auto next_master = [&] {
    const auto instances = static_cast<std::int64_t>(free_.size() - at);
    const std::int64_t even = (left + instances - 1) / instances;
    open = std::min({left, free_[at].slots, std::max<std::int64_t>(even, options_.master_rows)});
  };
  next_master();
  decoding.decoding.ForEach([&](RequestIndex request) {
    while (open == 0) {
      ++at;
      next_master();
    }
    plan_.requests.push_back({.request = request, .decode = true, .master = free_[at].instance});
    --open;
    --left;
  });
  plan_.period_ns = options_.pass_period_ns;
  const std::int32_t to_wait = options_.wait_passes - passes_since_admission_;
  plan_.max_repeats =
      to_wait > 0 && !waiting_.empty() && prefills_.empty() ? to_wait : kUntilStopped;
  if (sink.Issue(plan_) != Issued::kYes) return false;
  decoding.running = view.instance(decoding.instances.front()).steps.back();
  return true;
}

/// Prompts that start on idle instances while others prefill, if they end no later.
/// Source: the released code; not in the paper.
void LoongServe::Backfill(const EngineView& view, StepSink& sink) {
  std::int64_t end_ns = 0;
  for (const Prefill& prefill : prefills_) end_ns = std::max(end_ns, prefill.end_ns);
  const std::vector<std::int32_t> idle = IdleInstances();
  if (idle.empty()) return;
  std::int64_t free = 0;
  for (const std::int32_t instance : idle) free += view.instance(instance).free();
  Choice choice;
  choice.instances = idle;
  while (!waiting_.empty()) {
    const RequestState& state = view.request(waiting_.front());
    const Load grown = choice.load.With(state);
    if (static_cast<std::int64_t>(grown.tokens) + 1 > free ||
        view.now_ns + static_cast<std::int64_t>(TimeNs(grown, idle.size())) > end_ns) {
      break;
    }
    choice.requests.push_back(waiting_.front());
    choice.load = grown;
    waiting_.pop_front();
  }
  if (!choice.requests.empty()) IssuePrefills(view, choice, sink);
}

}  // namespace braid
