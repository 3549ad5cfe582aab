#include "planner/policy/braid.h"

#include <algorithm>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

constexpr std::int32_t kBulkPriority = 0;
constexpr std::int32_t kStrandsNeeded = 3;  // decode, express, bulk
constexpr double kStretchWeight = 1.0 / 32;
/// Prompts that waited a moment ago will wait again.
constexpr std::int64_t kPressureNs = 60'000'000'000;
constexpr std::int64_t kPressedShare = 8;  // of the TTFT limit

}  // namespace

BraidPolicy::BraidPolicy(const PolicyOptions& options, const CostModel& costs,
                         const ClusterSpec& cluster, DecisionLog* log)
    : options_(options),
      costs_(costs),
      cluster_(cluster),
      log_(log),
      strands_(options.strands && cluster.max_strands >= kStrandsNeeded),
      lengths_(options.oracle),
      instances_(At(cluster.num_instances())),
      meter_(cluster.num_instances(), cluster.instances_per_node()) {
  lines_.resize(At(std::min(cluster.num_instances(), costs.max_degree())) + 1);
  ReadLines();
  constexpr auto kNetwork = static_cast<std::size_t>(WorkClass::kNetwork);
  constexpr auto kMatMul = static_cast<std::size_t>(WorkClass::kMatMul);
  conditions_.compute_contention = costs.contention().factor[kMatMul][kNetwork];
  conditions_.network_contention = costs.contention().factor[kNetwork][kMatMul];
}

void BraidPolicy::ReadLines() {
  corrections_seen_ = costs_.corrections();
  for (std::size_t degree = 1; degree < lines_.size(); ++degree) {
    lines_[degree] = costs_.Prefill(static_cast<std::int32_t>(degree));
  }
  sharing_.clear();
}

void BraidPolicy::Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) {
  if (costs_.corrections() != corrections_seen_) {
    ReadLines();
    for (Instance& instance : instances_) {
      instance.express_queue_ns = 0;
      for (const RequestIndex request : instance.express_queue) {
        instance.express_queue_ns +=
            static_cast<std::int64_t>(LeftNs(view.request(request), 1) - lines_[1].a_ns);
      }
    }
  }
  touched_.clear();
  for (const Event& event : events) Handle(view, event, sink);
  if (memory_changed_) {
    if (!swapped_.empty()) SwapIn(view, sink);
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
      if (!at(i).express_queue.empty()) touched_.push_back(i);
    }
  }
  if (!express_waiting_.empty()) PlaceExpress(view);
  for (const std::int32_t instance : touched_) IssueExpress(view, instance, sink);
  if (bulk_changed_ || memory_changed_) {
    bulk_changed_ = false;
    if (!bulk_.empty()) IssueBulk(view, sink);
  }
  memory_changed_ = false;
  if (Pressed(view)) pressed_ns_ = view.now_ns;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(components_.size()); ++i) {
    if (components_[At(i)].live && components_[At(i)].dirty) IssueDecode(view, i, sink);
  }
  for (const Event& event : events) {
    if (event.kind == Event::Kind::kFinished) task(event.request).ended = false;
  }
}

void BraidPolicy::Handle(const EngineView& view, const Event& event, StepSink& sink) {
  switch (event.kind) {
    case Event::Kind::kArrival:
      Arrive(view, event.request, sink);
      return;
    case Event::Kind::kFinished:
      lengths_.Finished(view.request(event.request).generated);
      Forget(event.request);
      task(event.request).ended = true;
      memory_changed_ = true;
      return;
    case Event::Kind::kStepEnded:
      EndStep(view, view.step(event.step));
      return;
    case Event::Kind::kNoMemory:
    case Event::Kind::kWake:
      return;
  }
}

void BraidPolicy::Arrive(const EngineView& view, RequestIndex request, StepSink& sink) {
  if (tasks_.size() <= At(request)) {
    tasks_.resize(At(request) + 1);
    places_.resize(At(request) + 1, kNoIndex);
  }
  const RequestState& state = view.request(request);
  Task& fresh = task(request);
  fresh.home.clear();
  fresh.component = kNoIndex;
  fresh.ended = false;
  const std::int64_t capacity = Capacity(view);
  const std::int64_t most =
      state.request.prompt_tokens + (options_.oracle ? lengths_.Most(state) : 1);
  if (most > capacity) {
    sink.Reject(request, "it needs " + std::to_string(most) + " KV slots, the cluster has " +
                             std::to_string(capacity));
    return;
  }
  const double tokens = state.request.prompt_tokens;
  const double ideal = lines_.back().Ns(tokens, tokens * tokens);
  fresh.limit_ns =
      std::max(options_.ttft_floor_ns, static_cast<std::int64_t>(options_.ttft_factor * ideal));
  fresh.lost = false;
  fresh.rescued = false;
  fresh.express =
      lines_[1].Ns(tokens, tokens * tokens) <= static_cast<double>(options_.express_ns) &&
      Need(view, state) <= view.instance(0).capacity;
  if (fresh.express) {
    express_waiting_.push_back(request);
  } else {
    bulk_.push_back(request);
    bulk_changed_ = true;
    on_time_.Arrived(view.now_ns,
                     LeftNs(state, 1) * stretch_ / static_cast<double>(instances_.size()),
                     fresh.limit_ns);
  }
}

void BraidPolicy::Forget(RequestIndex request) {
  Task& gone = task(request);
  for (const KvShare& share : gone.home) at(share.instance).promised -= share.tokens;
  gone.home.clear();
  if (gone.component == kNoIndex) return;
  component(gone.component).decoding.Remove(request, places_);
  component(gone.component).dirty = true;
  gone.component = kNoIndex;
}

void BraidPolicy::EndStep(const EngineView& view, const RunningStep& ended) {
  bulk_changed_ = bulk_changed_ || no_strand_;
  no_strand_ = false;
  if (ended.plan.move) {
    EndMove(view, ended);
    return;
  }
  if (ended.plan.requests.front().decode) {
    const std::int32_t index = at(ended.plan.instances.front()).component;
    if (index == kNoIndex) return;
    Component& group = component(index);
    if (group.running != kNoIndex && view.step(group.running).number == ended.number) {
      group.running = kNoIndex;
    }
    std::erase_if(group.also_running,
                  [&](StepIndex step) { return view.step(step).number == ended.number; });
    group.dirty = true;
    group.turn = std::max(0, group.turn - ended.repeats_done);
    if (!strands_ || group.yields) {
      group.yields = false;
      for (const std::int32_t instance : ended.plan.instances) touched_.push_back(instance);
      bulk_changed_ = true;
    }
    SplitComponent(view, index);
    return;
  }
  for (const std::int32_t index : ended.plan.instances) {
    Instance& instance = at(index);
    const auto is_this = [&](StepIndex step) {
      return step != kNoIndex && view.step(step).number == ended.number;
    };
    if (is_this(instance.express)) instance.express = kNoIndex;
    if (is_this(instance.bulk)) instance.bulk = kNoIndex;
    touched_.push_back(index);
    if (instance.component != kNoIndex) component(instance.component).dirty = true;
  }
  bulk_changed_ = true;
  GrantTurn(view, ended);
  if (ended.plan.priority == kBulkPriority && ended.plan.predicted_ns > 0) {
    const double taken = static_cast<double>(ended.end_ns - ended.start_ns);
    stretch_ += kStretchWeight * (taken / static_cast<double>(ended.plan.predicted_ns) - stretch_);
    std::erase(in_chunk_, ended.plan.requests.front().request);
  }
  for (const PlannedRequest& planned : ended.plan.requests) EndPrefill(view, planned);
}

void BraidPolicy::EndPrefill(const EngineView& view, const PlannedRequest& planned) {
  if (task(planned.request).ended) return;
  if (view.request(planned.request).phase == Phase::kDecode) {
    JoinDecode(view, planned.request);
  } else {
    bulk_.push_back(planned.request);
  }
}

/// Whether a prompt that can still be served in time has waited for a good part of its limit.
bool BraidPolicy::Pressed(const EngineView& view) const {
  return std::any_of(bulk_.begin(), bulk_.end(), [&](RequestIndex request) {
    const Task& mine = tasks_[At(request)];
    return mine.lost ||
           view.now_ns - view.request(request).request.arrival_ns > mine.limit_ns / kPressedShare;
  });
}

bool BraidPolicy::UnderPressure(const EngineView& view) const {
  return view.now_ns - pressed_ns_ < kPressureNs;
}

double BraidPolicy::LeftNs(const RequestState& state, std::int32_t degree) const {
  const double before = state.kv_tokens;
  const double after = state.prefill_target;
  return lines_[At(degree)].Ns(after - before, after * after - before * before);
}

std::int64_t BraidPolicy::SlackNs(const EngineView& view, RequestIndex request) const {
  const RequestState& state = view.request(request);
  const std::int64_t due = state.request.arrival_ns + tasks_[At(request)].limit_ns;
  return due - view.now_ns - static_cast<std::int64_t>(LeftNs(state, 1));
}

}  // namespace braid
