#pragma once

#include "engine/engine.h"
#include "planner/sim/report/summary.h"
#include "planner/sim/simulation/fast_clock.h"
#include "planner/sim/simulation/run_costs.h"

#include <string>

namespace braid {

/// Online correction: tells the planner's cost model what steps took, and keeps how far off it was.
/// Only steps that had their ranks to themselves count: what others took of them is no property of
/// a step. Passes everything on to `next`; does nothing else where planner and clock share a model.
/// Cost: O(passes) at ~0.1 us a step, where they do not.
class LearningListener final : public EngineListener {
 public:
  /// All borrowed. `observe` false: measures only.
  LearningListener(EngineListener& next, const FastClock& clock, RunCosts& costs, bool observe)
      : next_(next), clock_(clock), learning_(costs.learning()), observe_(observe) {}

  void OnStarted(const EngineView& view, StepIndex step) override { next_.OnStarted(view, step); }
  void OnEnded(const EngineView& view, StepIndex step) override;
  void OnFinished(const EngineView& view, const RequestState& request) override {
    next_.OnFinished(view, request);
  }
  void OnEvicted(const EngineView& view, const RequestState& request) override {
    next_.OnEvicted(view, request);
  }
  void OnRejected(const EngineView& view, const RequestState& request,
                  const std::string& why) override {
    next_.OnRejected(view, request, why);
  }

  /// Predictions are those just before a step was learned from.
  PredictionError error() const;

 private:
  void Learn(StepIndex step);

  EngineListener& next_;
  const FastClock& clock_;
  CostModel* learning_;
  bool observe_;
  std::int64_t num_steps_ = 0;
  double sum_of_errors_ = 0;
};

}  // namespace braid
