#include "engine/engine.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

}  // namespace

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
  forecasts_.OnEnded(completion.step);
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
  for (const PlannedRequest& planned : ended.plan.requests) {
    request(planned.request).step = index;
    HoldFor(ended, planned);
  }
  ++counts_.repeats;
  ++num_running_;
  executor_.Start(view(), index);
  return true;
}

/// A token whose KV exists for the first time is progress; one more generated needs one more.
void Engine::NoteKv(RequestState& state, std::uint64_t step) {
  if (state.kv_tokens <= state.most_kv_tokens) return;
  state.most_kv_tokens = state.kv_tokens;
  progress_.Made(step);
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
        kv_.Append(state, share);
      } else {
        kv_.Move(state, planned.master, share);
      }
    }
  }
}

void Engine::CommitPrefill(const RunningStep& ended, const PlannedRequest& planned) {
  RequestState& state = request(planned.request);
  for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
    const KvShare& share = ended.plan.shares[planned.first_share + i];
    kv_.Append(state, share);
  }
  state.kv_tokens += planned.rows;
  ++state.num_chunks;
  const std::uint32_t ring = planned.num_members == 0
                                 ? static_cast<std::uint32_t>(ended.plan.instances.size())
                                 : planned.num_members;
  state.prefill_degree = std::max(state.prefill_degree, static_cast<std::int32_t>(ring));
  state.phase = Phase::kPrefill;
  NoteKv(state, ended.number);
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
  kv_.Append(state, {.instance = planned.master, .tokens = ended.repeats_done});
  KvBook::LetGo(state);  // a run may end before its last pass
  state.kv_tokens += ended.repeats_done;
  state.generated += ended.repeats_done;
  NoteKv(state, ended.number);
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

}  // namespace braid
