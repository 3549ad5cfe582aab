#include "planner/policy/loongserve.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

std::int64_t FreeIn(const EngineView& view, const std::vector<std::int32_t>& instances) {
  std::int64_t free = 0;
  for (const std::int32_t instance : instances) free += view.instance(instance).free();
  return free;
}

}  // namespace

double LoongServe::TimeNs(const Choice& choice, std::int32_t degree) const {
  return lines_[At(std::max(1, degree))].Ns(choice.tokens, choice.pairs);
}

void LoongServe::Add(Choice& choice, const RequestState& state, RequestIndex request) const {
  const double tokens = state.prefill_target;
  choice.requests.push_back(request);
  choice.tokens += tokens;
  choice.pairs += tokens * tokens;
  choice.inverse_lengths += 1 / tokens;
}

bool LoongServe::FitsFuture(const EngineView& view, RequestIndex request) {
  std::int64_t capacity = 0;
  for (const InstanceState& instance : view.instances) capacity += instance.capacity;
  const RequestState& state = view.request(request);
  const MemoryClaim mine = {.held = state.prefill_target + 1, .left = lengths_.Left(state)};
  claims_.push_back(mine);
  if (FutureHighWater(claims_) <= capacity) return true;
  claims_.erase(std::find_if(claims_.begin(), claims_.end(), [&](const MemoryClaim& claim) {
    return claim.held == mine.held && claim.left == mine.left;
  }));
  return false;
}

LoongServe::Choice LoongServe::Dispatch(const EngineView& view) {
  Choice choice;
  choice.instances = IdleInstances();
  claims_.clear();
  bool decodes = false;
  for (const Batch& batch : batches_) {
    if (!batch.live) continue;
    decodes = true;
    batch.decoding.ForEach([&](RequestIndex index) {
      const RequestState& state = view.request(index);
      claims_.push_back({.held = state.kv_tokens + 1, .left = lengths_.Left(state)});
    });
  }
  if (options_.released_dispatch && decodes) {
    DispatchReleased(view, choice);
    return choice;
  }
  std::int64_t free = FreeIn(view, choice.instances);
  std::int64_t needed = 0;
  bool head_blocked = false;
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (head_blocked && overtakings_ >= options_.out_of_order) break;
    const RequestState& state = view.request(*next);
    Choice grown = choice;
    Add(grown, state, *next);
    const auto degree = static_cast<std::int32_t>(choice.instances.size());
    if (!choice.requests.empty() &&
        (TimeNs(grown, degree) > static_cast<double>(options_.max_prefill_ns) ||
         grown.tokens > static_cast<double>(options_.max_prefill_tokens))) {
      break;
    }
    // The first of an idle cluster is never refused for what it may become.
    const bool alone = choice.requests.empty() && !decodes && prefills_.empty();
    if (claims_.size() >= At(options_.max_batch) && !alone) break;
    bool taken = FitsFuture(view, *next) || alone;
    const std::int64_t total = needed + state.prefill_target + 1;
    if (taken && total > free) {
      const std::int32_t preempted = BatchToPreempt(view, choice, state, total - free);
      if (preempted == kNoIndex) {
        claims_.pop_back();
        taken = false;
      } else {
        batch(preempted).paused = true;
        for (const std::int32_t instance : batch(preempted).instances) {
          if (std::find(choice.instances.begin(), choice.instances.end(), instance) !=
              choice.instances.end()) {
            continue;
          }
          choice.instances.push_back(instance);
          free += view.instance(instance).free();
        }
      }
    }
    if (!taken) {
      head_blocked = true;
      ++next;
      continue;
    }
    if (head_blocked) {
      ++overtakings_;
    } else {
      overtakings_ = 0;
    }
    Add(choice, state, *next);
    needed = total;
    next = waiting_.erase(next);
  }
  return choice;
}

/// The decode batch whose pausing makes room and brings the candidate more than it costs the batch:
///   gain = max(0, average decode latency - least executed time in the batch) / input length,
///   cost = sum over the batch of T(R_p + r, E_p + G) / generated.
/// Source: LoongServe, section 5.1.
std::int32_t LoongServe::BatchToPreempt(const EngineView& view, const Choice& choice,
                                        const RequestState& state, std::int64_t free_needed) const {
  Choice grown = choice;
  Add(grown, state, kNoIndex);
  std::int32_t best = kNoIndex;
  std::int64_t most_free = -1;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
    const Batch& candidate = batches_[At(i)];
    if (!candidate.live || candidate.paused) continue;
    const std::int64_t free = FreeIn(view, candidate.instances);
    if (free < free_needed || free <= most_free) continue;
    const auto degree =
        static_cast<std::int32_t>(choice.instances.size() + candidate.instances.size());
    double inverse_generated = 0;
    std::int64_t least_executed = kNever;
    candidate.decoding.ForEach([&](RequestIndex index) {
      const RequestState& decoding = view.request(index);
      inverse_generated += 1.0 / std::max(1, decoding.generated);
      least_executed = std::min(least_executed, view.now_ns - decoding.first_token_ns);
    });
    const double cost = TimeNs(grown, degree) * inverse_generated;
    const double gain =
        std::max(0.0, mean_decode_ns_ - static_cast<double>(least_executed)) / state.prefill_target;
    if (gain <= cost) continue;
    best = i;
    most_free = free;
  }
  return best;
}

/// The released code's rule: W estimates how long until decodes end by themselves. Prompts that fit
/// in idle instances start if the obtainable instances cost them no more than W; of the others the
/// longest prefix for which waiting W would cost more than it saves the running ones, on all.
void LoongServe::DispatchReleased(const EngineView& view, Choice& choice) {
  const double average_output = lengths_.Average();
  double waiting_passes = 0;
  double inverse_generated = 0;
  for (const Batch& batch : batches_) {
    if (!batch.live) continue;
    batch.decoding.ForEach([&](RequestIndex index) {
      const double generated = view.request(index).generated;
      waiting_passes =
          std::max({waiting_passes, 10.0, average_output - generated, 0.1 * generated});
      inverse_generated += 1 / std::max(1.0, generated);
    });
  }
  const double wait_ns = waiting_passes * mean_pass_ns_;
  const auto idle = static_cast<std::int32_t>(choice.instances.size());
  std::int64_t free = FreeIn(view, choice.instances);
  std::int64_t all_free = 0;
  for (const InstanceState& instance : view.instances) all_free += instance.free();
  std::int64_t needed = 0;
  Choice undecided;
  std::size_t accepted_undecided = 0;
  bool head_blocked = false;
  for (std::size_t i = 0; i < waiting_.size();) {
    if (head_blocked && overtakings_ >= options_.out_of_order) break;
    const RequestIndex index = waiting_[i];
    const RequestState& state = view.request(index);
    Choice grown = choice;
    Add(grown, state, index);
    if (!choice.requests.empty() &&
        TimeNs(grown, std::max(1, idle)) > static_cast<double>(options_.max_prefill_ns)) {
      break;
    }
    if (!FitsFuture(view, index)) {
      head_blocked = true;
      ++i;
      continue;
    }
    const std::int64_t total = needed + state.prefill_target + 1;
    if (idle > 0 && total <= free &&
        TimeNs(grown, idle) - TimeNs(grown, num_instances_) <= wait_ns) {
      overtakings_ = head_blocked ? overtakings_ + 1 : 0;
      choice = std::move(grown);
      needed = total;
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    Add(undecided, state, index);
    Choice both = choice;
    for (const RequestIndex other : undecided.requests) Add(both, view.request(other), other);
    if (needed + static_cast<std::int64_t>(undecided.tokens) <= all_free &&
        TimeNs(both, num_instances_) * inverse_generated <= wait_ns * undecided.inverse_lengths) {
      accepted_undecided = undecided.requests.size();
    }
    ++i;
  }
  if (accepted_undecided == 0) return;
  for (std::size_t i = 0; i < accepted_undecided; ++i) {
    const RequestIndex index = undecided.requests[i];
    Add(choice, view.request(index), index);
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), index));
  }
  // They run on all instances: every decode batch gives way.
  for (Batch& batch : batches_) {
    if (!batch.live) continue;
    batch.paused = true;
    for (const std::int32_t instance : batch.instances) {
      if (std::find(choice.instances.begin(), choice.instances.end(), instance) ==
          choice.instances.end()) {
        choice.instances.push_back(instance);
      }
    }
  }
}

/// Takes decode instances, emptiest first, whose KV fits elsewhere and costs less to move than the
/// prefill gains: T(E) - T(E + e) > V(e) / bandwidth. Source: LoongServe, section 5.2.
void LoongServe::Reclaim(const EngineView& view, Choice& choice, StepSink& sink) {
  while (choice.instances.size() < At(num_instances_)) {
    std::int32_t emptiest = kNoIndex;
    std::int32_t owner = kNoIndex;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
      if (!batch(i).live || batch(i).paused || batch(i).instances.empty()) continue;
      for (const std::int32_t instance : batch(i).instances) {
        if (emptiest == kNoIndex || view.instance(instance).used < view.instance(emptiest).used) {
          emptiest = instance;
          owner = i;
        }
      }
    }
    if (emptiest == kNoIndex) return;
    // The fullest instance that can take all of it, of any batch that goes on decoding.
    const std::int64_t tokens = view.instance(emptiest).used;
    std::int32_t target = kNoIndex;
    std::int32_t target_batch = kNoIndex;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
      if (!batch(i).live || batch(i).paused) continue;
      const auto rows = static_cast<std::int64_t>(batch(i).decoding.size());
      for (const std::int32_t instance : batch(i).instances) {
        if (instance == emptiest || view.instance(instance).free() < tokens + rows) continue;
        if (target == kNoIndex || view.instance(instance).used > view.instance(target).used) {
          target = instance;
          target_batch = i;
        }
      }
    }
    if (target == kNoIndex) return;
    const auto degree = static_cast<std::int32_t>(choice.instances.size());
    const double before = degree == 0 ? 1e300 : TimeNs(choice, degree);
    const double gain = before - TimeNs(choice, degree + 1);
    const bool same_node = emptiest / instances_per_node_ == target / instances_per_node_;
    if (gain <= static_cast<double>(costs_.MoveNs(tokens, same_node))) return;
    plan_.Clear();
    plan_.move = true;
    std::vector<RequestIndex> moved;
    batch(owner).decoding.ForEach([&](RequestIndex index) {
      const RequestState& state = view.request(index);
      const std::int32_t here = state.TokensIn(emptiest);
      if (here == 0) return;
      const auto first = static_cast<std::uint32_t>(plan_.shares.size());
      plan_.shares.push_back({.instance = target, .tokens = here});
      plan_.requests.push_back({.request = index,
                                .rows = here,
                                .master = emptiest,
                                .first_share = first,
                                .num_shares = 1});
    });
    if (owner != target_batch) Merge(target_batch, owner);
    auto& instances = batch(target_batch).instances;
    plan_.instances = instances;
    instances.erase(std::find(instances.begin(), instances.end(), emptiest));
    choice.instances.push_back(emptiest);
    if (plan_.requests.empty()) continue;
    if (sink.Issue(plan_) != Issued::kYes) {
      instances.push_back(emptiest);
      choice.instances.pop_back();
      return;
    }
    ++moves_running_;
    return;  // one at a time: what is free is known again when it ended
  }
}

}  // namespace braid
