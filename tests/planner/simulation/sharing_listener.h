#pragma once

#include "engine/engine.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// Hears of steps that have their ranks to themselves from start to end, and of those that share.
class SharingListener : public EngineListener {
 public:
  void OnStarted(const EngineView& view, StepIndex step) override {
    bool alone = true;
    for (const std::int32_t instance : view.step(step).plan.instances) {
      for (const StepIndex other : view.instance(instance).steps) {
        if (other == step) continue;
        alone = false;
        alone_[static_cast<std::size_t>(other)] = false;
      }
    }
    if (alone_.size() <= static_cast<std::size_t>(step)) {
      alone_.resize(static_cast<std::size_t>(step) + 1);
    }
    alone_[static_cast<std::size_t>(step)] = alone;
    if (!alone) OnSharing(view, step);
  }
  void OnEnded(const EngineView& view, StepIndex step) override {
    if (alone_[static_cast<std::size_t>(step)]) OnEndedAlone(view, step);
  }

  /// `step` started beside others.
  virtual void OnSharing(const EngineView& /*view*/, StepIndex /*step*/) {}
  /// Nobody shared a rank with this stretch of `step`.
  virtual void OnEndedAlone(const EngineView& /*view*/, StepIndex /*step*/) {}

 private:
  std::vector<bool> alone_;  ///< by StepIndex
};

}  // namespace braid
