#include "planner/sim/simulation/observing_listener.h"

namespace braid {
namespace {

RequestRecord RecordOf(const RequestState& state) {
  return {.request = state.request,
          .first_scheduled_ns = state.first_scheduled_ns,
          .first_token_ns = state.first_token_ns,
          .finish_ns = -1,
          .longest_gap_ns = state.longest_gap_ns,
          .prefill_degree = state.prefill_degree,
          .decode_degree = state.decode_degree,
          .num_chunks = state.num_chunks,
          .num_evictions = state.num_evictions};
}

std::int32_t RingOf(const StepPlan& plan, const PlannedRequest& planned) {
  return planned.num_members == 0 ? static_cast<std::int32_t>(plan.instances.size())
                                  : static_cast<std::int32_t>(planned.num_members);
}

}  // namespace

void ObservingListener::TellKv(const EngineView& view) {
  std::int64_t used = 0;
  for (const InstanceState& instance : view.instances) used += instance.used;
  Both([&](Observer& observer) { observer.OnKv(view.now_ns, used); });
}

void ObservingListener::TellScaling(std::int64_t time_ns, ScalingEvent event) {
  Both([&](Observer& observer) { observer.OnScaling(time_ns, event); });
}

/// A chunk on more instances than any before, or a new owner of a decoding request's tokens.
void ObservingListener::OnStarted(const EngineView& view, StepIndex index) {
  const StepPlan& plan = view.step(index).plan;
  if (plan.move) return;
  for (const PlannedRequest& planned : plan.requests) {
    const RequestState& state = view.request(planned.request);
    const bool grows = planned.decode
                           ? state.TokensIn(planned.master) == 0
                           : state.num_chunks > 0 && RingOf(plan, planned) > state.prefill_degree;
    if (grows) TellScaling(view.now_ns, ScalingEvent::kScaleUp);
  }
}

void ObservingListener::OnEnded(const EngineView& view, StepIndex index) {
  const RunningStep& step = view.step(index);
  const StepMeasure& measure = clock_.Measure(index);
  const CostModel::LaneNs busy = clock_.Busy(index);
  const Observer::StepSpan span = {
      .start_ns = step.start_ns,
      .end_ns = step.end_ns,
      .instances = step.plan.instances.data(),
      .num_instances = static_cast<std::int32_t>(step.plan.instances.size()),
      .strand = step.strand,
      .repeats = step.repeats_done,
      .prefill_rows = measure.prefill_rows,
      .decode_rows = measure.decode_rows,
      .compute_ns = busy.compute,
      .network_ns = busy.network,
      .move = step.plan.move};
  for (const PlannedRequest& planned : step.plan.requests) {
    if (step.plan.move || planned.decode) continue;
    const RequestState& state = view.request(planned.request);
    if (state.phase == Phase::kDecode &&
        static_cast<std::int32_t>(state.owners.size()) < RingOf(step.plan, planned)) {
      TellScaling(step.end_ns, ScalingEvent::kScaleDown);
    }
  }
  Both([&](Observer& observer) {
    observer.OnStep(span);
    if (step.plan.move) {
      observer.OnScaling(step.end_ns, measure.swap ? ScalingEvent::kSwap : ScalingEvent::kMove);
    }
  });
  TellKv(view);
}

void ObservingListener::OnFinished(const EngineView& view, const RequestState& request) {
  RequestRecord record = RecordOf(request);
  record.finish_ns = request.last_token_ns;
  Both([&](Observer& observer) { observer.OnFinished(record); });
  (void)view;
}

void ObservingListener::OnEvicted(const EngineView& view, const RequestState& /*request*/) {
  Both([&](Observer& observer) { observer.OnScaling(view.now_ns, ScalingEvent::kEvict); });
}

void ObservingListener::OnRejected(const EngineView& /*view*/, const RequestState& request,
                                   const std::string& /*why*/) {
  RequestRecord record = RecordOf(request);
  record.rejected = true;
  Both([&](Observer& observer) { observer.OnFinished(record); });
}

void ObservingListener::AddUnfinished(const EngineView& view) {
  for (const RequestState& state : view.requests) {
    if (!state.live) continue;
    const RequestRecord record = RecordOf(state);
    Both([&](Observer& observer) { observer.OnFinished(record); });
  }
}

}  // namespace braid
