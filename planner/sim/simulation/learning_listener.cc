#include "planner/sim/simulation/learning_listener.h"

#include <cmath>

namespace braid {

void LearningListener::OnEnded(const EngineView& view, StepIndex step) {
  next_.OnEnded(view, step);
  if (learning_ != nullptr) Learn(step);
}

void LearningListener::Learn(StepIndex step) {
  const StepMeasure& measure = clock_.Measure(step);
  const FastClock::Passes actual = clock_.PassesAlone(step);
  // A swap is priced by the host's link alone.
  if (actual.num == 0 || actual.ns <= 0 || measure.swap) return;
  std::int64_t predicted_ns = 0;
  for (std::int32_t pass = 0; pass < actual.num; ++pass) {
    predicted_ns += learning_->StepNs(measure.signature, measure.SizesOf(pass));
  }
  ++num_steps_;
  sum_of_errors_ +=
      std::abs(static_cast<double>(predicted_ns - actual.ns)) / static_cast<double>(actual.ns);
  if (!observe_) return;
  const StepSizes middle = measure.SizesOf(actual.num / 2);
  learning_->Observe(measure.signature, middle, actual.ns / actual.num);
}

PredictionError LearningListener::error() const {
  if (num_steps_ == 0) return {};
  return {.num_steps = num_steps_, .mean = sum_of_errors_ / static_cast<double>(num_steps_)};
}

}  // namespace braid
