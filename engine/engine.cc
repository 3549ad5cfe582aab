#include "engine/engine.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

bool Contains(const std::vector<std::int32_t>& values, std::int32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsSwap(const StepPlan& plan, const PlannedRequest& planned) {
  return planned.master == kHostMemory ||
         (planned.num_shares > 0 && plan.shares[planned.first_share].instance == kHostMemory);
}

/// What changed its instance between two lists of extents of the same tokens.
void AddMoves(std::uint64_t request, const std::vector<KvExtent>& before,
              const std::vector<KvExtent>& after, std::vector<KvMove>& moves) {
  std::size_t to = 0;
  std::int32_t to_used = 0;
  for (const KvExtent& from : before) {
    for (std::int32_t used = 0; used < from.count;) {
      const std::int32_t count = std::min(from.count - used, after[to].count - to_used);
      const KvExtent source = {from.instance, from.first_slot + used, count};
      const KvExtent target = {after[to].instance, after[to].first_slot + to_used, count};
      if (source.instance != target.instance) {
        moves.push_back({.request = request, .from = source, .to = target});
      }
      used += count;
      to_used += count;
      if (to_used == after[to].count) {
        ++to;
        to_used = 0;
      }
    }
  }
}

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
    now_ns_ = next;
    events_.clear();
    while (executor_.NextNs() <= now_ns_) Commit(executor_.Next());
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
    if (woken) events_.push_back({.kind = Event::Kind::kWake});
    if (!events_.empty()) {
      ++counts_.plans;
      planner_.Plan(view(), events_, *this);
      if (!broken_.ok()) return broken_;
    }
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
  std::vector<KvShare> owners = std::move(state.owners);
  state = RequestState();
  state.extents = std::move(extents);  // empty, with their memory
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

Step Engine::StepOf(StepIndex index) const {
  const RunningStep& running = steps_[At(index)];
  const StepPlan& plan = running.plan;
  Step step;
  step.number = running.number;
  step.instances = plan.instances;
  step.slot = running.strand;
  step.priority = plan.priority;
  step.overlap = plan.overlap;
  step.predicted_ns = plan.predicted_ns;
  step.exchange_in_turn = plan.exchange_in_turn;
  // The slots that the step would get if it were the next to end; that may take grants from others.
  KvBook book = kv_;
  std::vector<RequestState> requests = requests_;
  for (const PlannedRequest& planned : plan.requests) {
    RequestState& state = requests[At(planned.request)];
    if (plan.move && IsSwap(plan, planned)) continue;  // ranks have no host tier yet
    if (plan.move) {
      const std::vector<KvExtent> before = state.extents;
      for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
        const KvShare& share = plan.shares[planned.first_share + i];
        book.Move(state, planned.master, share.instance, share.tokens, requests);
      }
      AddMoves(state.request.id, before, state.extents, step.moves);
      continue;
    }
    StepRequest request;
    request.id = state.request.id;
    request.first_position = state.kv_tokens;
    request.tokens.resize(static_cast<std::size_t>(planned.decode ? 1 : planned.rows));
    request.sampled_rows = planned.decode || planned.rows == state.prefill_left() ? 1 : 0;
    if (planned.decode) {
      request.master = planned.master;
      book.Append(state, planned.master, 1, requests);
    }
    for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
      const KvShare& share = plan.shares[planned.first_share + i];
      book.Append(state, share.instance, share.tokens, requests);
    }
    const auto ring = plan.instances.begin() + planned.first_member;
    request.ring.assign(ring, ring + planned.num_members);
    request.kv = state.extents;
    step.requests.push_back(std::move(request));
  }
  if (plan.move) {
    // Ranks get the instances that KV leaves before those that get it.
    std::stable_partition(step.instances.begin(), step.instances.end(), [&](std::int32_t instance) {
      return std::any_of(step.moves.begin(), step.moves.end(),
                         [&](const KvMove& move) { return move.from.instance == instance; });
    });
  }
  return step;
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
  whole_runs_[At(index)] = {.start_ns = now_ns_};
  for (const std::int32_t instance : plan.instances) kv_.instance(instance).steps.push_back(index);
  for (const PlannedRequest& planned : plan.requests) {
    RequestState& state = request(planned.request);
    if (!state.idle()) {
      broken_ = Internal("the policy names request " + std::to_string(state.request.id) +
                         " twice in step " + std::to_string(issued.number));
    }
    state.step = index;
    if (state.first_scheduled_ns < 0) state.first_scheduled_ns = now_ns_;
  }
  ++counts_.steps;
  ++num_running_;
  executor_.Start(view(), index);
  listener_.OnStarted(view(), index);
  return Issued::kYes;
}

void Engine::Stop(StepIndex index) {
  if (index < 0 || index >= static_cast<StepIndex>(steps_.size())) {
    if (broken_.ok()) {
      broken_ = Internal("the policy stops a step at place " + std::to_string(index) +
                         ", where there is none");
    }
    return;
  }
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
  listener_.OnEvicted(view(), state);
}

void Engine::Reject(RequestIndex index, const std::string& why) {
  if (!MayTake(index, "rejects")) return;
  listener_.OnRejected(view(), request(index), why);
  ++counts_.rejected;
  Free(index);
}

void Engine::WakeAt(std::int64_t time_ns) { wakes_.push(time_ns); }

void Engine::Commit(const Completion& completion) {
  RunningStep& ended = step(completion.step);
  SharesOf(ended.plan, ended.repeats, reserve_);
  kv_.Release(reserve_);
  ended.end_ns = completion.end_ns;
  ended.repeats_done = completion.repeats_done;
  counts_.passes += static_cast<std::uint64_t>(completion.repeats_done);
  counts_.repeats += static_cast<std::uint64_t>(completion.repeats_done) - 1;
  if (ended.plan.move) {
    CommitMove(ended);
  } else {
    for (const PlannedRequest& planned : ended.plan.requests) {
      if (planned.decode) {
        CommitDecode(ended, planned);
      } else {
        CommitPrefill(ended, planned);
      }
    }
  }
  listener_.OnEnded(view(), completion.step);
  const std::size_t events_before = events_.size();
  for (const PlannedRequest& planned : ended.plan.requests) {
    EndOrGoOn(ended, planned.request, completion.step);
  }
  const bool none_finished = events_.size() == events_before;
  for (const std::int32_t instance : ended.plan.instances) {
    auto& running = kv_.instance(instance).steps;
    running.erase(std::find(running.begin(), running.end(), completion.step));
  }
  ended.live = false;
  --num_running_;
  whole_runs_[At(completion.step)].passes += completion.repeats_done;
  if (none_finished && !ended.stopping && ended.plan.max_repeats > ended.repeats_done &&
      Continue(completion.step)) {
    return;
  }
  // The planner hears of the run that it issued, not of the stretches that the engine made of it.
  ended.start_ns = whole_runs_[At(completion.step)].start_ns;
  ended.repeats_done = whole_runs_[At(completion.step)].passes;
  ended_.push_back(completion.step);
  events_.push_back({.kind = Event::Kind::kStepEnded, .step = completion.step});
}

bool Engine::Continue(StepIndex index) {
  // The same run goes on under its own number, without planning: only its slots were limited.
  RunningStep& ended = step(index);
  ended.plan.max_repeats -= ended.repeats_done;
  const std::int32_t repeats = MostRepeats(ended.plan);
  SharesOf(ended.plan, repeats, reserve_);
  if (!kv_.Reserve(reserve_)) {
    events_.push_back({.kind = Event::Kind::kNoMemory, .step = index});
    return false;
  }
  ended.repeats = repeats;
  ended.start_ns = ended.end_ns;
  ended.end_ns = -1;
  ended.repeats_done = 0;
  ended.live = true;
  for (const std::int32_t instance : ended.plan.instances) {
    kv_.instance(instance).steps.push_back(index);
  }
  for (const PlannedRequest& planned : ended.plan.requests) request(planned.request).step = index;
  ++counts_.repeats;
  ++num_running_;
  executor_.Start(view(), index);
  return true;
}

void Engine::CommitMove(RunningStep& ended) {
  for (const PlannedRequest& planned : ended.plan.requests) {
    RequestState& state = request(planned.request);
    if (planned.master == kHostMemory) {
      state.phase = state.prefill_left() > 0 ? Phase::kPrefill : Phase::kDecode;
    }
    for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
      const KvShare& share = ended.plan.shares[planned.first_share + i];
      if (share.instance == kHostMemory) {
        kv_.Drop(state);
        state.phase = Phase::kSwapped;
        ++state.num_evictions;
      } else if (planned.master == kHostMemory) {
        kv_.Append(state, share.instance, share.tokens, requests_);
      } else {
        kv_.Move(state, planned.master, share.instance, share.tokens, requests_);
      }
    }
  }
}

void Engine::CommitPrefill(const RunningStep& ended, const PlannedRequest& planned) {
  RequestState& state = request(planned.request);
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = ended.plan.shares[planned.first_share + i];
    kv_.Append(state, share.instance, share.tokens, requests_);
  }
  state.kv_tokens += planned.rows;
  ++state.num_chunks;
  const std::uint32_t ring = planned.num_members == 0
                                 ? static_cast<std::uint32_t>(ended.plan.instances.size())
                                 : planned.num_members;
  state.prefill_degree = std::max(state.prefill_degree, static_cast<std::int32_t>(ring));
  state.phase = Phase::kPrefill;
  if (state.prefill_left() > 0) return;
  state.phase = Phase::kDecode;
  ++state.generated;
  if (state.first_token_ns < 0) {
    state.first_token_ns = ended.end_ns;
  } else {
    state.longest_gap_ns = std::max(state.longest_gap_ns, ended.end_ns - state.last_token_ns);
  }
  state.last_token_ns = ended.end_ns;
}

void Engine::CommitDecode(const RunningStep& ended, const PlannedRequest& planned) {
  RequestState& state = request(planned.request);
  kv_.Append(state, planned.master, ended.repeats_done, requests_);
  state.kv_tokens += ended.repeats_done;
  state.generated += ended.repeats_done;
  state.decode_degree =
      std::max(state.decode_degree, static_cast<std::int32_t>(state.owners.size()));
  const std::int64_t pass_ns = (ended.end_ns - ended.start_ns) / ended.repeats_done;
  const std::int64_t first_gap = ended.start_ns - state.last_token_ns + pass_ns;
  state.longest_gap_ns = std::max(state.longest_gap_ns, first_gap);
  state.last_token_ns = ended.end_ns;
}

void Engine::EndOrGoOn(const RunningStep& ended, RequestIndex index, StepIndex step_index) {
  RequestState& state = request(index);
  state.step = kNoIndex;
  if (ended.plan.move || state.phase != Phase::kDecode || !executor_.Ended(state)) return;
  listener_.OnFinished(view(), state);
  ++counts_.finished;
  events_.push_back({.kind = Event::Kind::kFinished, .request = index, .step = step_index});
  Free(index);
}

Status Engine::CheckPlan(const StepPlan& plan) {
  if (plan.requests.empty() || plan.instances.empty()) {
    return Internal("the policy issues a step without requests or instances");
  }
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const std::int32_t instance = plan.instances[i];
    const auto after = plan.instances.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (instance < 0 || instance >= options_.num_instances ||
        std::find(after, plan.instances.end(), instance) != plan.instances.end()) {
      return Internal("the policy issues a step on instance " + std::to_string(instance) +
                      ", which does not exist or is named twice");
    }
  }
  for (const PlannedRequest& planned : plan.requests) {
    const std::string rule = BrokenRule(plan, planned);
    if (rule.empty()) continue;
    const std::string name = Exists(planned.request)
                                 ? std::to_string(request(planned.request).request.id)
                                 : "at place " + std::to_string(planned.request);
    return Internal("the policy breaks a rule for request " + name + " of step " +
                    std::to_string(next_number_) + ": " + rule);
  }
  return Status();
}

/// What of the rules the plan breaks for one request, in words; empty: none.
std::string Engine::BrokenRule(const StepPlan& plan, const PlannedRequest& planned) const {
  if (!Exists(planned.request)) return "no such request";
  const RequestState& state = requests_[At(planned.request)];
  if (!state.idle()) return "it is in another step";
  for (const KvShare& owner : state.owners) {
    if (!Contains(plan.instances, owner.instance)) {
      return "instance " + std::to_string(owner.instance) +
             " holds KV of it but is not in the group";
    }
  }
  if (planned.first_share + planned.num_shares > plan.shares.size() ||
      planned.first_member + planned.num_members > plan.instances.size()) {
    return "its shares or its ring reach beyond those of the step";
  }
  if (plan.move && IsSwap(plan, planned)) {
    const bool out = planned.master != kHostMemory;
    const bool may = out ? state.phase == Phase::kDecode || state.phase == Phase::kPrefill
                         : state.phase == Phase::kSwapped;
    std::int64_t tokens = 0;
    for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
      tokens += plan.shares[planned.first_share + i].tokens;
    }
    const bool whole = tokens == state.kv_tokens && (!out || planned.num_shares == 1);
    return may && whole ? "" : "a swap of KV that is not there, or not of all of it";
  }
  if (state.phase == Phase::kSwapped) return "its KV is in the host's memory";
  std::int64_t shared = 0;
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = plan.shares[planned.first_share + i];
    shared += share.tokens;
    if (!Contains(plan.instances, share.instance) || share.tokens < 0) {
      return "its KV is to stay outside the group";
    }
    if (plan.move && share.instance == planned.master) return "a move to where its KV is";
  }
  if (plan.max_repeats > 1 && (plan.move || !planned.decode)) {
    return "only decode passes can be repeated";
  }
  if (plan.move) {
    const bool there =
        planned.rows >= 1 && shared == planned.rows && state.TokensIn(planned.master) >= shared;
    return there ? "" : "a move of tokens that are not there";
  }
  if (planned.decode) {
    if (state.phase != Phase::kDecode) return "it decodes before its prefill ended";
    if (!Contains(plan.instances, planned.master)) return "its master is not in the group";
    if (planned.num_shares > 0) return "its new KV stays with its master, it has no shares";
    return {};
  }
  if (state.phase == Phase::kDecode) return "it is prefilled already";
  if (planned.rows < 1 || planned.rows > state.prefill_left()) {
    return "a chunk of " + std::to_string(planned.rows) + " tokens where " +
           std::to_string(state.prefill_left()) + " are left";
  }
  return shared == planned.rows ? "" : "the shares of its chunk do not add up";
}

}  // namespace braid
