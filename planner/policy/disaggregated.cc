#include "planner/policy/disaggregated.h"

#include <algorithm>
#include <string>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;
/// Prompts are batched up to what keeps a device busy; more only adds waiting.
constexpr std::int64_t kBatchTokens = 2048;

}  // namespace

Disaggregated::Disaggregated(const PolicyOptions& options, const CostModel& costs,
                             std::int32_t num_instances, std::int32_t num_prefill)
    : options_(options),
      costs_(costs),
      lengths_(options.oracle),
      num_prefill_(num_prefill),
      prefillers_(At(num_prefill)),
      decoders_(At(num_instances - num_prefill)) {}

void Disaggregated::Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) {
  for (const Event& event : events) Handle(view, event, sink);
  for (std::int32_t i = 0; i < num_prefill_; ++i) {
    if (prefillers_[At(i)].running == kNoIndex && !waiting_.empty()) IssuePrefill(view, i, sink);
  }
  // In order, but one that finds no room does not hold up a smaller one.
  std::erase_if(to_move_, [&](RequestIndex request) { return IssueMove(view, request, sink); });
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(decoders_.size()); ++i) {
    if (decoder(i).changed) IssueDecode(view, i, sink);
  }
  for (const Event& event : events) {
    if (event.kind == Event::Kind::kFinished) ended_[At(event.request)] = 0;
  }
}

std::int64_t Disaggregated::Need(const RequestState& state) const {
  return state.prefill_target + 1 + lengths_.Left(state);
}

void Disaggregated::Handle(const EngineView& view, const Event& event, StepSink& sink) {
  switch (event.kind) {
    case Event::Kind::kArrival: {
      if (decoder_of_.size() <= At(event.request)) {
        decoder_of_.resize(At(event.request) + 1);
        promise_of_.resize(At(event.request) + 1);
        places_.resize(At(event.request) + 1, kNoIndex);
        ended_.resize(At(event.request) + 1, 0);
      }
      decoder_of_[At(event.request)] = kNoIndex;
      const RequestState& state = view.request(event.request);
      const std::int64_t most =
          state.request.prompt_tokens + (options_.oracle ? lengths_.Most(state) : 1);
      if (most > view.instance(0).capacity) {
        sink.Reject(event.request, "it needs " + std::to_string(most) +
                                       " KV slots, an instance has " +
                                       std::to_string(view.instance(0).capacity));
        return;
      }
      waiting_.push_back(event.request);
      return;
    }
    case Event::Kind::kFinished:
      lengths_.Finished(view.request(event.request).generated);
      ended_[At(event.request)] = 1;
      Forget(event.request);
      return;
    case Event::Kind::kStepEnded:
      Ended(view, view.step(event.step));
      return;
    case Event::Kind::kNoMemory:
    case Event::Kind::kWake:
      return;
  }
}

void Disaggregated::Forget(RequestIndex request) {
  const std::int32_t index = decoder_of_[At(request)];
  if (index == kNoIndex) return;
  Decoder& from = decoder(index);
  from.promised -= promise_of_[At(request)];
  from.changed = true;
  if (places_[At(request)] != kNoIndex) from.decoding.Remove(request, places_);
  decoder_of_[At(request)] = kNoIndex;
}

void Disaggregated::Ended(const EngineView& view, const RunningStep& ended) {
  if (ended.plan.move) {
    const RequestIndex request = ended.plan.requests.front().request;
    decoder(decoder_of_[At(request)]).decoding.Add(request, places_);
    decoder(decoder_of_[At(request)]).changed = true;
    return;
  }
  const std::int32_t instance = ended.plan.instances.front();
  if (instance >= num_prefill_) {
    decoder(instance - num_prefill_).running = kNoIndex;
    decoder(instance - num_prefill_).changed = true;
    return;
  }
  prefillers_[At(instance)].running = kNoIndex;
  for (const PlannedRequest& planned : ended.plan.requests) {
    if (ended_[At(planned.request)] == 0) to_move_.push_back(planned.request);
  }
  (void)view;
}

void Disaggregated::IssuePrefill(const EngineView& view, std::int32_t instance, StepSink& sink) {
  plan_.Clear();
  plan_.instances = {instance};
  std::int64_t room = view.instance(instance).free();
  std::int64_t tokens = 0;
  double pairs = 0;
  for (const RequestIndex request : waiting_) {
    const RequestState& state = view.request(request);
    const std::int32_t rows = state.prefill_left();
    if (rows > room || (tokens > 0 && tokens + rows > kBatchTokens)) break;
    room -= rows;
    tokens += rows;
    pairs += static_cast<double>(rows) * rows;
    const auto share = static_cast<std::uint32_t>(plan_.shares.size());
    plan_.shares.push_back({.instance = instance, .tokens = rows});
    plan_.requests.push_back({.request = request,
                              .rows = rows,
                              .master = instance,
                              .first_share = share,
                              .num_shares = 1});
  }
  if (plan_.requests.empty()) return;
  plan_.predicted_ns =
      static_cast<std::int64_t>(costs_.Prefill(1).Ns(static_cast<double>(tokens), pairs));
  if (sink.Issue(plan_) != Issued::kYes) return;
  prefillers_[At(instance)].running = view.instance(instance).steps.back();
  waiting_.erase(waiting_.begin(),
                 waiting_.begin() + static_cast<std::ptrdiff_t>(plan_.requests.size()));
}

bool Disaggregated::IssueMove(const EngineView& view, RequestIndex request, StepSink& sink) {
  const RequestState& state = view.request(request);
  const std::int64_t need = std::min(Need(state), view.instance(num_prefill_).capacity);
  std::int32_t best = kNoIndex;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(decoders_.size()); ++i) {
    const std::int64_t room = view.instance(num_prefill_ + i).capacity - decoder(i).promised;
    if (room < need || decoder(i).decoding.size() >= At(options_.max_batch)) continue;
    if (best == kNoIndex || decoder(i).promised < decoder(best).promised) best = i;
  }
  if (best == kNoIndex) return false;
  const std::int32_t source = state.owners.front().instance;
  plan_.Clear();
  plan_.move = true;
  plan_.priority = 1;
  plan_.instances = {source, num_prefill_ + best};
  plan_.shares.push_back({.instance = num_prefill_ + best, .tokens = state.kv_tokens});
  plan_.requests.push_back({.request = request,
                            .rows = state.kv_tokens,
                            .master = source,
                            .first_share = 0,
                            .num_shares = 1});
  if (sink.Issue(plan_) != Issued::kYes) return false;
  decoder_of_[At(request)] = best;
  promise_of_[At(request)] = need;
  decoder(best).promised += need;
  return true;
}

void Disaggregated::IssueDecode(const EngineView& view, std::int32_t index, StepSink& sink) {
  Decoder& mine = decoder(index);
  if (mine.running != kNoIndex) {
    sink.Stop(mine.running);
    return;
  }
  mine.changed = false;
  while (!mine.decoding.empty()) {
    plan_.Clear();
    plan_.instances = {num_prefill_ + index};
    plan_.priority = 2;
    plan_.max_repeats = kUntilStopped;
    mine.decoding.ForEach([&](RequestIndex request) {
      plan_.requests.push_back(
          {.request = request, .decode = true, .master = num_prefill_ + index});
    });
    const Issued issued = sink.Issue(plan_);
    if (issued == Issued::kYes) {
      mine.running = view.instance(num_prefill_ + index).steps.back();
      return;
    }
    if (issued == Issued::kNoStrand) {
      mine.changed = true;
      return;
    }
    // Outputs grew longer than expected: the newest is prefilled again.
    const RequestIndex newest = mine.decoding.Newest();
    Forget(newest);
    const RequestState& state = view.request(newest);
    const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
    if (needed > view.instance(0).capacity) {
      sink.Reject(newest, Outgrew(needed, view.instance(0).capacity));
    } else {
      sink.Evict(newest);
      waiting_.push_front(newest);
    }
    // What waits for the slots that are free now was asked before this.
    sink.WakeAt(view.now_ns + 1);
  }
}

}  // namespace braid
