#pragma once

#include "base/status.h"
#include "planner/sim/clock/task_clock.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A step that is repeated beside others. Its number is its place in the list.
struct CoRunStrand {
  const TimedTemplate* tmpl = nullptr;
  StepSizes sizes = {};
  std::int32_t priority = 0;
};

/// How fast strands go that run side by side, over and over, in the steady state.
/// Thread: one thread.
class CoRun {
 public:
  static constexpr std::int64_t kFullSpeed = 1024;

  /// Errors: as TaskClock::Make.
  static Result<CoRun> Make(const Discipline& discipline, const ContentionMatrix& contention);

  /// The speed of each strand in 1/1024 of its speed alone, 0 .. kFullSpeed, from running them task
  /// by task over several of the longest step (less where that exceeds ~200,000 tasks).
  /// Cost: 0.1 to 5 ms; keep the result.
  /// Errors: InvalidArgument for more strands than the discipline lets in at once, or as
  /// TaskClock::Run.
  Status Rates(std::span<const CoRunStrand> strands, std::vector<std::int64_t>* rates);

 private:
  CoRun(const Discipline& discipline, TaskClock clock);

  Discipline discipline_;
  TaskClock clock_;
  ClockResult result_;
  std::vector<StrandStart> starts_;
};

}  // namespace braid
