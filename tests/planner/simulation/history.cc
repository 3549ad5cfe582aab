#include "tests/planner/simulation/history.h"

namespace braid {
namespace {

RequestSnapshot SnapshotOf(const RequestState& state) {
  return {.request = state.request,
          .kv_tokens = state.kv_tokens,
          .generated = state.generated,
          .num_evictions = state.num_evictions,
          .num_chunks = state.num_chunks,
          .first_scheduled_ns = state.first_scheduled_ns,
          .first_token_ns = state.first_token_ns,
          .last_token_ns = state.last_token_ns,
          .extents = state.extents,
          .granted = state.granted};
}

std::vector<RequestSnapshot> SnapshotsOf(const EngineView& view, const StepPlan& plan) {
  std::vector<RequestSnapshot> snapshots;
  snapshots.reserve(plan.requests.size());
  for (const PlannedRequest& planned : plan.requests) {
    snapshots.push_back(SnapshotOf(view.request(planned.request)));
  }
  return snapshots;
}

}  // namespace

void HistoryRecorder::OnStarted(const EngineView& view, StepIndex step) {
  const RunningStep& started = view.step(step);
  facts_.emplace_back(StepStarted{view.now_ns, started, SnapshotsOf(view, started.plan)});
}

void HistoryRecorder::OnEnded(const EngineView& view, StepIndex step) {
  const RunningStep& ended = view.step(step);
  facts_.emplace_back(StepEnded{view.now_ns, ended, SnapshotsOf(view, ended.plan)});
}

void HistoryRecorder::OnFinished(const EngineView& view, const RequestState& request) {
  facts_.emplace_back(RequestLeft{view.now_ns, RequestLeft::Why::kFinished, SnapshotOf(request)});
}

void HistoryRecorder::OnEvicted(const EngineView& view, const RequestState& request) {
  facts_.emplace_back(RequestLeft{view.now_ns, RequestLeft::Why::kEvicted, SnapshotOf(request)});
}

void HistoryRecorder::OnRejected(const EngineView& view, const RequestState& request,
                                 const std::string& /*why*/) {
  facts_.emplace_back(RequestLeft{view.now_ns, RequestLeft::Why::kRejected, SnapshotOf(request)});
}

}  // namespace braid
