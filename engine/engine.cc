#include "engine/engine.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

}  // namespace

Engine::Engine(const EngineOptions& options, Planner& planner, Executor& executor,
               EngineListener& listener)
    : options_(options),
      planner_(planner),
      executor_(executor),
      listener_(listener),
      kv_(options.num_instances, options.kv_slots),
      // Steps that run and, until the planner has seen them, those that ended: a fixed table, so
      // that a view stays valid while the planner issues.
      steps_(2 * At(options.num_instances) * At(options.max_strands)),
      whole_runs_(steps_.size()),
      decode_rows_(At(options.num_instances)) {
  for (StepIndex index = static_cast<StepIndex>(steps_.size()); index-- > 0;) {
    free_steps_.push_back(index);
  }
}

EngineView Engine::view() const {
  return {.now_ns = now_ns_,
          .requests = requests_,
          .steps = steps_,
          .instances = kv_.instances(),
          .max_strands = options_.max_strands};
}

Status Engine::Run(RequestSource& source, std::int64_t until_ns) {
  while (true) {
    if (!has_pending_ && !source_ended_) {
      has_pending_ = source.Next(pending_);
      source_ended_ = !has_pending_;
    }
    std::int64_t next = executor_.NextNs();
    if (has_pending_) next = std::min(next, std::max(pending_.arrival_ns, now_ns_));
    if (!wakes_.empty()) next = std::min(next, std::max(wakes_.top(), now_ns_));
    if (next == kNever) {
      if (num_live_ == 0) return source.status();
      return Internal("the policy leaves " + std::to_string(num_live_) +
                      " requests waiting though nothing runs");
    }
    if (next > until_ns) return Status();
    const bool time_passes = next > now_ns_;
    now_ns_ = next;
    events_.clear();
    for (executor_.AdvanceTo(now_ns_); executor_.NextNs() <= now_ns_;
         executor_.AdvanceTo(now_ns_)) {
      Commit(executor_.Next());
    }
    while (has_pending_ && pending_.arrival_ns <= now_ns_) {
      Arrive(pending_);
      has_pending_ = source.Next(pending_);
      source_ended_ = !has_pending_;
    }
    bool woken = false;
    while (!wakes_.empty() && wakes_.top() <= now_ns_) {
      wakes_.pop();
      woken = true;
    }
    if (woken) {
      events_.push_back({.kind = Event::Kind::kWake});
      const bool waits_for_arrival = num_live_ == 0 && has_pending_;
      if ((num_running_ == 0 && !waits_for_arrival) || !time_passes) progress_.OnIdleWake();
      CheckProgress();
      if (!broken_.ok()) return broken_;
    }
    if (!events_.empty()) {
      ++counts_.plans;
      planner_.Plan(view(), events_, *this);
      if (!broken_.ok()) return broken_;
    }
    forecasts_.DropDue();
    for (const StepIndex index : ended_) free_steps_.push_back(index);
    ended_.clear();
    for (const RequestIndex index : freed_) free_requests_.push_back(index);
    freed_.clear();
  }
}

void Engine::Arrive(const Request& arrived) {
  RequestIndex index = static_cast<RequestIndex>(requests_.size());
  if (free_requests_.empty()) {
    requests_.emplace_back();
  } else {
    index = free_requests_.back();
    free_requests_.pop_back();
  }
  RequestState& state = request(index);
  std::vector<KvExtent> extents = std::move(state.extents);
  std::vector<KvExtent> ahead = std::move(state.ahead);
  std::vector<KvShare> owners = std::move(state.owners);
  state = RequestState();
  state.extents = std::move(extents);  // empty, with their memory
  state.ahead = std::move(ahead);
  state.owners = std::move(owners);
  state.live = true;
  state.request = arrived;
  state.prefill_target = arrived.prompt_tokens;
  ++num_live_;
  ++counts_.arrivals;
  events_.push_back({.kind = Event::Kind::kArrival, .request = index});
}

void Engine::Free(RequestIndex index) {
  RequestState& state = request(index);
  kv_.Drop(state);
  state.step = kNoIndex;
  state.live = false;
  freed_.push_back(index);
  --num_live_;
}

void Engine::SharesOf(const StepPlan& plan, std::int32_t repeats,
                      std::vector<KvShare>& shares) const {
  shares.clear();
  const auto add = [&shares](std::int32_t instance, std::int32_t tokens) {
    for (KvShare& share : shares) {
      if (share.instance != instance) continue;
      share.tokens += tokens;
      return;
    }
    shares.push_back({.instance = instance, .tokens = tokens});
  };
  for (const PlannedRequest& planned : plan.requests) {
    if (planned.decode) {
      add(planned.master, repeats);
      continue;
    }
    for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
      const KvShare& share = plan.shares[planned.first_share + i];
      if (share.instance != kHostMemory) add(share.instance, share.tokens);
    }
  }
}

std::int32_t Engine::MostRepeats(const StepPlan& plan) {
  std::int64_t most = std::min(plan.max_repeats, options_.longest_run);
  for (const PlannedRequest& planned : plan.requests) ++decode_rows_[At(planned.master)];
  for (const PlannedRequest& planned : plan.requests) {
    std::int32_t& rows = decode_rows_[At(planned.master)];
    if (rows > 0) most = std::min(most, kv_.instance(planned.master).free() / rows);
    rows = 0;
  }
  return static_cast<std::int32_t>(std::max<std::int64_t>(1, most));
}

std::int32_t Engine::FreeStrand(const StepPlan& plan) const {
  std::uint32_t taken = 0;
  for (const std::int32_t index : plan.instances) {
    for (const StepIndex running : kv_.instances()[At(index)].steps) {
      taken |= 1U << static_cast<std::uint32_t>(steps_[At(running)].strand);
    }
  }
  for (std::int32_t strand = 0; strand < options_.max_strands; ++strand) {
    if ((taken >> static_cast<std::uint32_t>(strand) & 1U) == 0) return strand;
  }
  return kNoIndex;
}

Issued Engine::Issue(const StepPlan& plan) {
  if (!broken_.ok()) return Issued::kNoStrand;
  broken_ = CheckPlan(plan);
  if (!broken_.ok()) return Issued::kNoStrand;
  const std::int32_t strand = FreeStrand(plan);
  if (strand == kNoIndex) return Issued::kNoStrand;
  const std::int32_t repeats = plan.max_repeats > 1 ? MostRepeats(plan) : 1;
  SharesOf(plan, repeats, reserve_);
  if (!kv_.Reserve(reserve_)) return Issued::kNoSlots;

  BRAID_CHECK(!free_steps_.empty());
  const StepIndex index = free_steps_.back();
  free_steps_.pop_back();
  RunningStep& issued = step(index);
  issued.number = next_number_++;
  issued.plan = plan;
  issued.strand = strand;
  issued.repeats = repeats;
  issued.start_ns = now_ns_;
  issued.end_ns = -1;
  issued.repeats_done = 0;
  issued.stopping = false;
  issued.live = true;
  issued.foreseen_ns = forecasts_.TakeDue(plan, requests_);
  if (issued.foreseen()) ++counts_.foreseen;
  whole_runs_[At(index)] = {.start_ns = now_ns_};
  for (const std::int32_t instance : plan.instances) kv_.instance(instance).steps.push_back(index);
  for (const PlannedRequest& planned : plan.requests) {
    RequestState& state = request(planned.request);
    if (!state.idle()) {
      broken_ = Internal("the policy names request " + std::to_string(state.request.id) +
                         " twice in step " + std::to_string(issued.number));
      continue;
    }
    HoldFor(issued, planned);
    state.step = index;
    if (state.first_scheduled_ns < 0) state.first_scheduled_ns = now_ns_;
  }
  ++counts_.steps;
  ++num_running_;
  progress_.OnStep();
  if (plan.move) {
    progress_.OnMove();
    CheckProgress();
  }
  executor_.Start(view(), index);
  listener_.OnStarted(view(), index);
  return Issued::kYes;
}

/// Whether `index` is a place of a step; otherwise the run is broken.
bool Engine::IsStep(StepIndex index, const char* what) {
  if (index >= 0 && index < static_cast<StepIndex>(steps_.size())) return true;
  if (broken_.ok()) {
    broken_ = Internal("the policy " + std::string(what) + " a step at place " +
                       std::to_string(index) + ", where there is none");
  }
  return false;
}

void Engine::Foresee(StepIndex after, const StepPlan& plan) {
  if (!IsStep(after, "foresees what follows") || !step(after).live) return;
  if (forecasts_.Keep(after, plan, requests_, now_ns_)) ++counts_.forecasts;
  executor_.Foresee(view(), after, plan);
}

/// Draws the slots of what `issued` adds to one request; they have been reserved.
void Engine::HoldFor(const RunningStep& issued, const PlannedRequest& planned) {
  RequestState& state = request(planned.request);
  if (planned.decode && !issued.plan.move) {
    kv_.HoldNext(state, {.instance = planned.master, .tokens = issued.repeats}, requests_);
    return;
  }
  const bool moves = issued.plan.move && !IsSwap(issued.plan, planned);
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = issued.plan.shares[planned.first_share + i];
    if (share.instance == kHostMemory) continue;
    if (moves) {
      kv_.HoldForMove(state, share, requests_);
    } else {
      kv_.HoldNext(state, share, requests_);
    }
  }
}

void Engine::Stop(StepIndex index) {
  if (!IsStep(index, "stops")) return;
  RunningStep& running = step(index);
  if (!running.live || running.stopping) return;
  running.stopping = true;
  executor_.Stop(index, now_ns_);
}

/// Whether the planner may take `request` away; otherwise the run is broken.
bool Engine::MayTake(RequestIndex index, const char* what) {
  if (!broken_.ok()) return false;
  if (!Exists(index)) {
    broken_ = Internal("the policy " + std::string(what) + " a request at place " +
                       std::to_string(index) + ", where there is none");
  } else if (!request(index).idle()) {
    broken_ = Internal("the policy " + std::string(what) + " request " +
                       std::to_string(request(index).request.id) + ", which is in a step");
  }
  return broken_.ok();
}

void Engine::Evict(RequestIndex index) {
  if (!MayTake(index, "evicts")) return;
  RequestState& state = request(index);
  kv_.Drop(state);
  state.phase = Phase::kWaiting;
  state.kv_tokens = 0;
  state.prefill_target = state.request.prompt_tokens + state.generated;
  ++state.num_evictions;
  ++counts_.evictions;
  progress_.OnEviction();
  CheckProgress();
  listener_.OnEvicted(view(), state);
}

void Engine::Reject(RequestIndex index, const std::string& why) {
  if (!MayTake(index, "rejects")) return;
  listener_.OnRejected(view(), request(index), why);
  ++counts_.rejected;
  progress_.Made(next_number_ - 1);
  Free(index);
}

void Engine::WakeAt(std::int64_t time_ns) { wakes_.push(time_ns); }

}  // namespace braid
