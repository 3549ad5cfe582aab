#pragma once

#include "plan/engine_view.h"
#include "plan/step_plan.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What the planner expects to issue when running steps end: at most one forecast per step, kept
/// until the call of the planner that hears of that end.
/// Cost: one copy of a plan per forecast into memory that is used again; a planner that foresees
/// nothing pays one comparison per step.
/// Thread: one.
class Forecasts {
 public:
  /// Whether `after` had no forecast yet; otherwise `plan` takes its place.
  bool Keep(StepIndex after, const StepPlan& plan, std::span<const RequestState> requests,
            std::int64_t now_ns);
  /// `after` ended: its forecast may come true until DropDue.
  void OnEnded(StepIndex after);
  /// When `plan` was foreseen, if it is what a forecast said that is due; else -1. Each comes true
  /// once.
  std::int64_t TakeDue(const StepPlan& plan, std::span<const RequestState> requests) {
    return due_.empty() ? -1 : Take(plan, requests);
  }
  void DropDue();

 private:
  /// Places are reused, and a request that was evicted begins anew: the same plan, other work.
  struct Identity {
    std::uint64_t request = 0;
    std::int32_t num_evictions = -1;

    bool operator==(const Identity&) const = default;
  };
  struct Forecast {
    bool kept = false;
    std::int64_t made_ns = 0;
    StepPlan plan;
    std::vector<Identity> identities;  ///< of the plan's requests
  };
  std::int64_t Take(const StepPlan& plan, std::span<const RequestState> requests);
  static Identity IdentityOf(RequestIndex index, std::span<const RequestState> requests);

  std::vector<Forecast> by_step_;  ///< grows to the highest place that was foreseen after
  std::vector<StepIndex> due_;
};

}  // namespace braid
