#include "planner/policy/liger.h"

#include <algorithm>
#include <string>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kUntilStopped = 1 << 30;

}  // namespace

Liger::Liger(const PolicyOptions& options, const CostModel& costs, std::int32_t num_instances)
    : options_(options), costs_(costs), lengths_(options.oracle), instances_(At(num_instances)) {
  for (Instance& instance : instances_) instance.batches.resize(At(options.depth));
}

void Liger::Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) {
  for (const Event& event : events) Handle(view, event, sink);
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    if (at(i).changed) Issue(view, i, sink);
  }
}

void Liger::Handle(const EngineView& view, const Event& event, StepSink& sink) {
  switch (event.kind) {
    case Event::Kind::kArrival: {
      if (instance_of_.size() <= At(event.request)) {
        instance_of_.resize(At(event.request) + 1);
        batch_of_.resize(At(event.request) + 1);
        promised_.resize(At(event.request) + 1);
        places_.resize(At(event.request) + 1, kNoIndex);
      }
      const RequestState& state = view.request(event.request);
      const std::int64_t most =
          state.request.prompt_tokens + (options_.oracle ? lengths_.Most(state) : 1);
      if (most > view.instance(0).capacity) {
        sink.Reject(event.request, "it needs " + std::to_string(most) +
                                       " KV slots, an instance has " +
                                       std::to_string(view.instance(0).capacity));
        return;
      }
      std::int32_t best = 0;
      for (std::int32_t i = 1; i < static_cast<std::int32_t>(instances_.size()); ++i) {
        if (at(i).outstanding < at(best).outstanding) best = i;
      }
      instance_of_[At(event.request)] = best;
      batch_of_[At(event.request)] = kNoIndex;
      promised_[At(event.request)] = state.request.prompt_tokens + lengths_.Left(state);
      at(best).outstanding += promised_[At(event.request)];
      at(best).waiting.push_back(event.request);
      at(best).changed = true;
      return;
    }
    case Event::Kind::kFinished: {
      lengths_.Finished(view.request(event.request).generated);
      Instance& instance = at(instance_of_[At(event.request)]);
      instance.outstanding -= promised_[At(event.request)];
      instance.changed = true;
      promised_[At(event.request)] = -1;
      if (places_[At(event.request)] != kNoIndex) {
        instance.batches[At(batch_of_[At(event.request)])].requests.Remove(event.request, places_);
      }
      return;
    }
    case Event::Kind::kStepEnded: {
      const RunningStep& ended = view.step(event.step);
      Instance& instance = at(ended.plan.instances.front());
      instance.changed = true;
      for (std::size_t i = 0; i < instance.batches.size(); ++i) {
        Batch& batch = instance.batches[i];
        if (!batch.live || batch.running != event.step) continue;
        batch.running = kNoIndex;
        for (const PlannedRequest& planned : ended.plan.requests) {
          if (planned.decode || promised_[At(planned.request)] < 0) continue;
          batch.requests.Add(planned.request, places_);
          batch_of_[At(planned.request)] = static_cast<std::int32_t>(i);
        }
      }
      return;
    }
    case Event::Kind::kNoMemory:
    case Event::Kind::kWake:
      return;
  }
}

void Liger::Issue(const EngineView& view, std::int32_t index, StepSink& sink) {
  Instance& instance = at(index);
  instance.changed = false;
  for (Batch& batch : instance.batches) {
    if (!batch.live || batch.running != kNoIndex) continue;
    if (batch.requests.empty()) {
      batch = Batch();
    } else {
      IssueDecode(view, index, batch, sink);
    }
  }
  for (Batch& batch : instance.batches) {
    if (batch.live || instance.waiting.empty()) continue;
    if (!IssuePrefill(view, index, batch, sink)) return;
  }
}

bool Liger::IssuePrefill(const EngineView& view, std::int32_t index, Batch& batch, StepSink& sink) {
  Instance& instance = at(index);
  claims_.clear();
  for (const Batch& other : instance.batches) {
    other.requests.ForEach([&](RequestIndex request) {
      const RequestState& state = view.request(request);
      claims_.push_back({.held = state.kv_tokens + 1, .left = lengths_.Left(state)});
    });
  }
  const bool idle = view.instance(index).steps.empty();
  plan_.Clear();
  plan_.instances = {index};
  plan_.overlap = OverlapMode::kLiger;
  plan_.priority = instance.next_priority;
  std::int64_t room = view.instance(index).free();
  double tokens = 0;
  double pairs = 0;
  const PrefillLine line = costs_.Prefill(1);
  for (const RequestIndex request : instance.waiting) {
    const RequestState& state = view.request(request);
    const std::int32_t rows = state.prefill_left();
    const double more = rows;
    if (plan_.requests.size() >= At(options_.max_batch) || rows > room) break;
    if (!plan_.requests.empty() && line.Ns(tokens + more, pairs + more * more) >
                                       static_cast<double>(options_.max_prefill_ns)) {
      break;
    }
    claims_.push_back({.held = rows + 1, .left = lengths_.Left(state)});
    const bool fits = FutureHighWater(claims_) <= view.instance(index).capacity;
    if (!fits && !(idle && plan_.requests.empty())) break;
    room -= rows;
    tokens += more;
    pairs += more * more;
    const auto share = static_cast<std::uint32_t>(plan_.shares.size());
    plan_.shares.push_back({.instance = index, .tokens = rows});
    plan_.requests.push_back(
        {.request = request, .rows = rows, .master = index, .first_share = share, .num_shares = 1});
  }
  if (plan_.requests.empty()) return false;
  plan_.predicted_ns = static_cast<std::int64_t>(line.Ns(tokens, pairs));
  if (sink.Issue(plan_) != Issued::kYes) return false;
  instance.waiting.erase(
      instance.waiting.begin(),
      instance.waiting.begin() + static_cast<std::ptrdiff_t>(plan_.requests.size()));
  batch.live = true;
  batch.priority = instance.next_priority--;
  batch.running = view.instance(index).steps.back();
  return true;
}

bool Liger::IssueDecode(const EngineView& view, std::int32_t index, Batch& batch, StepSink& sink) {
  while (!batch.requests.empty()) {
    plan_.Clear();
    plan_.instances = {index};
    plan_.overlap = OverlapMode::kLiger;
    plan_.priority = batch.priority;
    plan_.max_repeats = kUntilStopped;
    batch.requests.ForEach([&](RequestIndex request) {
      plan_.requests.push_back({.request = request, .decode = true, .master = index});
    });
    const Issued issued = sink.Issue(plan_);
    if (issued == Issued::kYes) {
      batch.running = view.instance(index).steps.back();
      return true;
    }
    if (issued == Issued::kNoStrand) return false;
    const RequestIndex newest = batch.requests.Newest();
    batch.requests.Remove(newest, places_);
    batch_of_[At(newest)] = kNoIndex;
    const RequestState& state = view.request(newest);
    const std::int64_t needed = state.request.prompt_tokens + state.generated + 1;
    if (needed > view.instance(index).capacity) {
      at(index).outstanding -= promised_[At(newest)];
      sink.Reject(newest, Outgrew(needed, view.instance(index).capacity));
    } else {
      sink.Evict(newest);
      at(index).waiting.push_front(newest);
    }
  }
  batch = Batch();
  at(index).changed = true;
  return false;
}

}  // namespace braid
