#include "planner/policy/loongserve.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

/// Weight of the newest value in running means.
constexpr double kMeanWeight = 1.0 / 64;

}  // namespace

LoongServe::LoongServe(const PolicyOptions& options, const CostModel& costs,
                       std::int32_t num_instances, std::int32_t instances_per_node)
    : options_(options),
      costs_(costs),
      num_instances_(num_instances),
      instances_per_node_(instances_per_node),
      lengths_(options.oracle) {
  lines_.resize(At(num_instances) + 1);
  ReadLines();
}

void LoongServe::ReadLines() {
  corrections_seen_ = costs_.corrections();
  for (std::int32_t degree = 1; degree <= num_instances_; ++degree) {
    lines_[At(degree)] = costs_.Prefill(degree);
  }
}

void LoongServe::Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) {
  if (costs_.corrections() != corrections_seen_) ReadLines();
  for (const Event& event : events) Handle(view, event, sink);
  std::fill(ended_.begin(), ended_.end(), char{0});
  Act(view, sink);
  // Where the last decodes were evicted or rejected in this very call, no event would come to let
  // in who waited for their memory. Each further round takes one away or starts a step: with
  // nothing running the head of the queue is never refused.
  for (std::size_t rounds = NumLeft(); rounds > 0 && Stalled(); --rounds) {
    global_step_due_ = true;
    Act(view, sink);
  }
}

/// Requests that wait or have yet to decode.
std::size_t LoongServe::NumLeft() const {
  std::size_t left = waiting_.size() + pending_.requests.size();
  for (const Batch& batch : batches_) left += batch.live ? batch.decoding.size() : 0;
  return left;
}

/// Whether nothing runs though something is left.
bool LoongServe::Stalled() const {
  return moves_running_ == 0 && prefills_.empty() && !AnyDecodeRuns() && NumLeft() > 0;
}

void LoongServe::Act(const EngineView& view, StepSink& sink) {
  if (moves_running_ > 0) return;
  if (!pending_.requests.empty()) {
    Choice choice = std::move(pending_);
    pending_ = Choice();
    Reclaim(view, choice, sink);
    if (moves_running_ > 0) {
      pending_ = std::move(choice);
      return;
    }
    IssuePrefills(view, choice, sink);
  } else if (prefills_.empty() || !options_.barrier) {
    if (MayAdmit() || global_step_due_) {
      StopDecodes(sink);
      if (!AnyDecodeRuns()) GlobalStep(view, sink);
      if (moves_running_ > 0) return;
    }
  } else if (options_.backfill) {
    Backfill(view, sink);
  }
  const bool stopping = MayAdmit() && (prefills_.empty() || !options_.barrier);
  if (!global_step_due_ && !(stopping && AnyDecodeRuns())) IssueDecodes(view, sink);
}

void LoongServe::Handle(const EngineView& view, const Event& event, StepSink& sink) {
  switch (event.kind) {
    case Event::Kind::kArrival: {
      const RequestState& state = view.request(event.request);
      if (batch_of_.size() <= At(event.request)) {
        batch_of_.resize(At(event.request) + 1, kNoIndex);
        places_.resize(At(event.request) + 1, kNoIndex);
        ended_.resize(At(event.request) + 1, 0);
      }
      batch_of_[At(event.request)] = kNoIndex;
      std::int64_t capacity = 0;
      for (const InstanceState& instance : view.instances) capacity += instance.capacity;
      const std::int64_t most =
          state.request.prompt_tokens + (options_.oracle ? lengths_.Most(state) : 0);
      if (most >= capacity) {
        sink.Reject(event.request, "it needs " + std::to_string(most) +
                                       " KV slots, the cluster has " + std::to_string(capacity));
        return;
      }
      waiting_.push_back(event.request);
      return;
    }
    case Event::Kind::kFinished: {
      const RequestState& state = view.request(event.request);
      lengths_.Finished(state.generated);
      const double decode_ns = static_cast<double>(view.now_ns - state.first_token_ns);
      mean_decode_ns_ += kMeanWeight * (decode_ns - mean_decode_ns_);
      ended_[At(event.request)] = 1;
      if (batch_of_[At(event.request)] != kNoIndex) {
        batch(batch_of_[At(event.request)]).decoding.Remove(event.request, places_);
        batch_of_[At(event.request)] = kNoIndex;
      }
      return;
    }
    case Event::Kind::kStepEnded: {
      const RunningStep& ended = view.step(event.step);
      if (ended.plan.move) {
        --moves_running_;
        return;
      }
      if (!ended.plan.requests.front().decode) {
        EndPrefill(view, ended);
        if (prefills_.empty() || !options_.barrier) global_step_due_ = true;
        return;
      }
      for (Batch& batch : batches_) {
        if (batch.live && batch.running == event.step) batch.running = kNoIndex;
      }
      passes_since_admission_ += ended.repeats_done;
      const double pass_ns = static_cast<double>(ended.end_ns - ended.start_ns) /
                             static_cast<double>(ended.repeats_done);
      mean_pass_ns_ += kMeanWeight * (pass_ns - mean_pass_ns_);
      DropIdleInstances(view);
      return;
    }
    case Event::Kind::kNoMemory:
      global_step_due_ = true;
      return;
    case Event::Kind::kWake:
      return;
  }
}

void LoongServe::EndPrefill(const EngineView& view, const RunningStep& ended) {
  const std::int32_t index = NewBatch();
  for (const PlannedRequest& planned : ended.plan.requests) {
    if (ended_[At(planned.request)] != 0) continue;  // one token was all it wanted
    batch(index).decoding.Add(planned.request, places_);
    batch_of_[At(planned.request)] = index;
    for (const KvShare& owner : view.request(planned.request).owners) {
      auto& instances = batch(index).instances;
      if (std::find(instances.begin(), instances.end(), owner.instance) == instances.end()) {
        instances.push_back(owner.instance);
      }
    }
  }
  if (batch(index).decoding.empty()) batch(index).live = false;
  const auto same = [&](const Prefill& prefill) {
    return view.step(prefill.step).number == ended.number;
  };
  prefills_.erase(std::find_if(prefills_.begin(), prefills_.end(), same));
}

bool LoongServe::MayAdmit() const {
  if (waiting_.empty()) return false;
  const bool decodes =
      std::any_of(batches_.begin(), batches_.end(), [](const Batch& batch) { return batch.live; });
  return !decodes || passes_since_admission_ >= options_.wait_passes;
}

bool LoongServe::AnyDecodeRuns() const {
  return std::any_of(batches_.begin(), batches_.end(),
                     [](const Batch& batch) { return batch.live && batch.running != kNoIndex; });
}

/// Whether a prefill uses instances of the batch.
bool LoongServe::UnderPrefill(const Batch& batch) const {
  return std::any_of(prefills_.begin(), prefills_.end(), [&](const Prefill& prefill) {
    return std::any_of(batch.instances.begin(), batch.instances.end(), [&](std::int32_t index) {
      return std::find(prefill.instances.begin(), prefill.instances.end(), index) !=
             prefill.instances.end();
    });
  });
}

void LoongServe::StopDecodes(StepSink& sink) {
  for (const Batch& batch : batches_) {
    if (batch.live && batch.running != kNoIndex) sink.Stop(batch.running);
  }
}

void LoongServe::GlobalStep(const EngineView& view, StepSink& sink) {
  global_step_due_ = false;
  for (Batch& batch : batches_) batch.paused = UnderPrefill(batch);
  MergeOverlapping();
  DropIdleInstances(view);
  if (!MayAdmit()) return;
  Choice choice = Dispatch(view);
  if (choice.requests.empty()) {
    passes_since_admission_ = 0;  // nothing fits: ask again after as many passes
    return;
  }
  Reclaim(view, choice, sink);
  if (moves_running_ > 0) {
    pending_ = std::move(choice);
    return;
  }
  IssuePrefills(view, choice, sink);
}

std::int32_t LoongServe::NewBatch() {
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
    if (batch(i).live) continue;
    batch(i) = Batch();
    batch(i).live = true;
    return i;
  }
  batches_.emplace_back();
  batches_.back().live = true;
  return static_cast<std::int32_t>(batches_.size()) - 1;
}

void LoongServe::Merge(std::int32_t into, std::int32_t from) {
  Batch& target = batch(into);
  Batch& source = batch(from);
  source.decoding.ForEach([&](RequestIndex request) {
    target.decoding.Add(request, places_);
    batch_of_[At(request)] = into;
  });
  for (const std::int32_t instance : source.instances) {
    if (std::find(target.instances.begin(), target.instances.end(), instance) ==
        target.instances.end()) {
      target.instances.push_back(instance);
    }
  }
  source = Batch();
}

void LoongServe::MergeOverlapping() {
  const auto overlap = [&](const Batch& a, const Batch& b) {
    return std::any_of(a.instances.begin(), a.instances.end(), [&](std::int32_t instance) {
      return std::find(b.instances.begin(), b.instances.end(), instance) != b.instances.end();
    });
  };
  for (bool merged = true; merged;) {
    merged = false;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(batches_.size()); ++i) {
      for (std::int32_t j = i + 1; j < static_cast<std::int32_t>(batches_.size()); ++j) {
        if (!batch(i).live || !batch(j).live || !overlap(batch(i), batch(j))) continue;
        if (batch(i).paused || batch(j).paused) continue;
        Merge(i, j);
        merged = true;
      }
    }
  }
}

void LoongServe::DropIdleInstances(const EngineView& view) {
  for (Batch& batch : batches_) {
    if (!batch.live || batch.running != kNoIndex) continue;
    if (batch.decoding.empty()) {
      batch = Batch();
      continue;
    }
    std::vector<std::int32_t> owners;
    batch.decoding.ForEach([&](RequestIndex request) {
      for (const KvShare& owner : view.request(request).owners) {
        if (std::find(owners.begin(), owners.end(), owner.instance) == owners.end()) {
          owners.push_back(owner.instance);
        }
      }
    });
    std::sort(owners.begin(), owners.end());
    batch.instances = std::move(owners);
  }
}

std::vector<std::int32_t> LoongServe::IdleInstances() const {
  std::vector<char> taken(At(num_instances_), 0);
  for (const Batch& batch : batches_) {
    if (!batch.live) continue;
    for (const std::int32_t instance : batch.instances) taken[At(instance)] = 1;
  }
  for (const Prefill& prefill : prefills_) {
    for (const std::int32_t instance : prefill.instances) taken[At(instance)] = 1;
  }
  std::vector<std::int32_t> idle;
  for (std::int32_t i = 0; i < num_instances_; ++i) {
    if (taken[At(i)] == 0) idle.push_back(i);
  }
  return idle;
}

}  // namespace braid
