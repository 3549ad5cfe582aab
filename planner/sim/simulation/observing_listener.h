#pragma once

#include "engine/engine.h"
#include "planner/sim/request_record.h"
#include "planner/sim/simulation/fast_clock.h"

#include <string>

namespace braid {

/// Tells observers what the engine did.
class ObservingListener final : public EngineListener {
 public:
  /// `also` may be null. All borrowed.
  ObservingListener(Observer& first, Observer* also, const FastClock& clock)
      : first_(first), also_(also), clock_(clock) {}

  void OnStarted(const EngineView& view, StepIndex step) override;
  void OnEnded(const EngineView& view, StepIndex step) override;
  void OnFinished(const EngineView& view, const RequestState& request) override;
  void OnEvicted(const EngineView& view, const RequestState& request) override;
  void OnRejected(const EngineView& view, const RequestState& request,
                  const std::string& why) override;

  /// Records the requests that are still there at the end.
  void AddUnfinished(const EngineView& view);

 private:
  template <typename Tell>
  void Both(Tell tell) {
    tell(first_);
    if (also_ != nullptr) tell(*also_);
  }
  void TellScaling(std::int64_t time_ns, ScalingEvent event);
  void TellKv(const EngineView& view);

  Observer& first_;
  Observer* also_;
  const FastClock& clock_;
};

}  // namespace braid
