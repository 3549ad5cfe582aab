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

LoongServe::Load LoongServe::Load::With(const RequestState& state) const {
  const double length = state.prefill_target;
  return {.tokens = tokens + length,
          .pairs = pairs + length * length,
          .inverse_lengths = inverse_lengths + 1 / length};
}

LoongServe::Load LoongServe::Load::operator+(const Load& other) const {
  return {.tokens = tokens + other.tokens,
          .pairs = pairs + other.pairs,
          .inverse_lengths = inverse_lengths + other.inverse_lengths};
}

double LoongServe::TimeNs(const Load& load, std::size_t degree) const {
  return lines_[std::max<std::size_t>(1, degree)].Ns(load.tokens, load.pairs);
}

LoongServe::Choice LoongServe::Dispatch(const EngineView& view) {
  Choice choice;
  choice.instances = IdleInstances();
  capacity_ = 0;
  for (const InstanceState& instance : view.instances) capacity_ += instance.capacity;
  claims_.Clear();
  taken_.assign(waiting_.size(), 0);
  bool decodes = false;
  for (const Batch& batch : batches_) {
    if (!batch.live) continue;
    decodes = true;
    batch.decoding.ForEach([&](RequestIndex index) {
      const RequestState& state = view.request(index);
      claims_.Add({.held = state.kv_tokens + 1, .left = lengths_.Left(state)});
    });
  }
  if (options_.released_dispatch && decodes) {
    DispatchReleased(view, choice);
  } else {
    DispatchPaper(view, decodes, choice);
  }
  TakeFromQueue();
  return choice;
}

/// Whether what `state` will come to need fits beside all that have claimed so far; then it claims.
bool LoongServe::Claim(const RequestState& state) {
  const MemoryClaim claim = {.held = state.prefill_target + 1, .left = lengths_.Left(state)};
  if (!claims_.Fits(claim, capacity_)) return false;
  claims_.Add(claim);
  return true;
}

void LoongServe::TakeFromQueue() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (taken_[i] == 0) waiting_[kept++] = waiting_[i];
  }
  waiting_.resize(kept);
}

void LoongServe::DispatchPaper(const EngineView& view, bool decodes, Choice& choice) {
  PricePauses(view);
  std::int64_t free = FreeIn(view, choice.instances);
  std::int64_t needed = 0;
  bool head_blocked = false;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (head_blocked && overtakings_ >= options_.out_of_order) break;
    const RequestState& state = view.request(waiting_[i]);
    const Load grown = choice.load.With(state);
    if (!choice.requests.empty() &&
        (TimeNs(grown, choice.instances.size()) > static_cast<double>(options_.max_prefill_ns) ||
         grown.tokens > static_cast<double>(options_.max_prefill_tokens))) {
      break;
    }
    // The first of an idle cluster is never refused for what it may become.
    const bool alone = choice.requests.empty() && !decodes && prefills_.empty();
    if (claims_.size() >= At(options_.max_batch) && !alone) break;
    const MemoryClaim claim = {.held = state.prefill_target + 1, .left = lengths_.Left(state)};
    bool taken = alone || claims_.Fits(claim, capacity_);
    const std::int64_t total = needed + claim.held;
    if (taken && total > free) {
      const std::int32_t paused = BatchToPause(grown, state, choice.instances.size(), total - free);
      taken = paused != kNoIndex;
      if (taken) {
        PauseFor(choice, paused);
        free = FreeIn(view, choice.instances);
      }
    }
    if (!taken) {
      head_blocked = true;
      continue;
    }
    overtakings_ = head_blocked ? overtakings_ + 1 : 0;
    claims_.Add(claim);
    choice.requests.push_back(waiting_[i]);
    choice.load = grown;
    needed = total;
    taken_[i] = 1;
  }
}

void LoongServe::PricePauses(const EngineView& view) {
  pauses_.assign(batches_.size(), Pause());
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    const Batch& batch = batches_[i];
    if (!batch.live) continue;
    Pause& pause = pauses_[i];
    pause.free = FreeIn(view, batch.instances);
    pause.least_executed_ns = kNever;
    batch.decoding.ForEach([&](RequestIndex index) {
      const RequestState& decoding = view.request(index);
      pause.inverse_generated += 1.0 / std::max(1, decoding.generated);
      pause.least_executed_ns =
          std::min(pause.least_executed_ns, view.now_ns - decoding.first_token_ns);
    });
  }
}

/// The decode batch whose pausing makes room and brings the candidate more than it costs the batch:
///   gain = max(0, average decode latency - least executed time in the batch) / input length,
///   cost = sum over the batch of T(R_p + r, E_p + G) / generated.
/// Source: LoongServe, section 5.1.
std::int32_t LoongServe::BatchToPause(const Load& grown, const RequestState& state,
                                      std::size_t degree, std::int64_t free_needed) const {
  std::int32_t best = kNoIndex;
  std::int64_t most_free = -1;
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    const Batch& candidate = batches_[i];
    const Pause& pause = pauses_[i];
    if (!candidate.live || candidate.paused) continue;
    if (pause.free < free_needed || pause.free <= most_free) continue;
    const double cost =
        TimeNs(grown, degree + candidate.instances.size()) * pause.inverse_generated;
    const double gain =
        std::max(0.0, mean_decode_ns_ - static_cast<double>(pause.least_executed_ns)) /
        state.prefill_target;
    if (gain <= cost) continue;
    best = static_cast<std::int32_t>(i);
    most_free = pause.free;
  }
  return best;
}

/// Pauses a decode batch, whose instances join the choice.
void LoongServe::PauseFor(Choice& choice, std::int32_t index) {
  batch(index).paused = true;
  for (const std::int32_t instance : batch(index).instances) {
    if (std::find(choice.instances.begin(), choice.instances.end(), instance) ==
        choice.instances.end()) {
      choice.instances.push_back(instance);
    }
  }
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
  const std::size_t idle = choice.instances.size();
  const std::size_t all = At(num_instances_);
  const std::int64_t free = FreeIn(view, choice.instances);
  std::int64_t all_free = 0;
  for (const InstanceState& instance : view.instances) all_free += instance.free();
  std::int64_t needed = 0;
  Load undecided;
  std::vector<std::size_t> undecided_places;
  std::size_t accepted_undecided = 0;
  bool head_blocked = false;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (head_blocked && overtakings_ >= options_.out_of_order) break;
    const RequestState& state = view.request(waiting_[i]);
    const Load grown = choice.load.With(state);
    if (!choice.requests.empty() &&
        TimeNs(grown, idle) > static_cast<double>(options_.max_prefill_ns)) {
      break;
    }
    if (!Claim(state)) {
      head_blocked = true;
      continue;
    }
    const std::int64_t total = needed + state.prefill_target + 1;
    if (idle > 0 && total <= free && TimeNs(grown, idle) - TimeNs(grown, all) <= wait_ns) {
      overtakings_ = head_blocked ? overtakings_ + 1 : 0;
      choice.requests.push_back(waiting_[i]);
      choice.load = grown;
      needed = total;
      taken_[i] = 1;
      continue;
    }
    undecided = undecided.With(state);
    undecided_places.push_back(i);
    if (needed + static_cast<std::int64_t>(undecided.tokens) <= all_free &&
        TimeNs(choice.load + undecided, all) * inverse_generated <=
            wait_ns * undecided.inverse_lengths) {
      accepted_undecided = undecided_places.size();
    }
  }
  if (accepted_undecided == 0) return;
  for (std::size_t i = 0; i < accepted_undecided; ++i) {
    const std::size_t place = undecided_places[i];
    choice.requests.push_back(waiting_[place]);
    choice.load = choice.load.With(view.request(waiting_[place]));
    taken_[place] = 1;
  }
  // They run on all instances: every decode batch gives way.
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (batches_[i].live) PauseFor(choice, static_cast<std::int32_t>(i));
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
    const std::size_t degree = choice.instances.size();
    const double before = degree == 0 ? 1e300 : TimeNs(choice.load, degree);
    const double gain = before - TimeNs(choice.load, degree + 1);
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
