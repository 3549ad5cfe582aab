#pragma once

#include "plan/engine_view.h"

#include <cstdint>

namespace braid {

/// A step that ended. Which of its requests ended with it, the executor says in order of the plan.
struct Completion {
  StepIndex step = kNoIndex;
  std::int64_t end_ns = 0;
  std::int32_t repeats_done = 1;
};

/// Runs steps: ranks, or the clock. The engine does not know which.
/// Thread: the engine's.
class Executor {
 public:
  virtual ~Executor() = default;
  /// `view` holds the step and its requests as they are before it.
  virtual void Start(const EngineView& view, StepIndex step) = 0;
  /// The planner expects to issue `plan` when `after` ends: ranks may get it ahead. It may never
  /// come, or otherwise; if it comes, Start says so (RunningStep::foreseen_ns).
  virtual void Foresee(const EngineView& /*view*/, StepIndex /*after*/, const StepPlan& /*plan*/) {}
  /// A repeated step ends at the first boundary at or after `now_ns`.
  virtual void Stop(StepIndex step, std::int64_t now_ns) = 0;
  /// Time has come to `now_ns`: nothing that is asked of the executor from now on lies before it.
  virtual void AdvanceTo(std::int64_t /*now_ns*/) {}
  /// When something happens next, or kNever where nothing runs. Where that is not the end of a step
  /// AdvanceTo deals with it.
  virtual std::int64_t NextNs() = 0;
  /// The step that ends at NextNs; of several the lowest number.
  virtual Completion Next() = 0;
  /// Whether `request` of an ended step has produced its last token: `generated` of them so far.
  virtual bool Ended(const RequestState& request) = 0;
};

}  // namespace braid
