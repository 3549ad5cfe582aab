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

  /// How long strands are watched.
  struct Length {
    std::int64_t steps = 8;        ///< of the strand with the longest
    std::int64_t tasks = 200'000;  ///< about, of all strands; ends it before
  };
  /// Errors: as TaskClock::Make.
  static Result<CoRun> Make(const Discipline& discipline, const ContentionMatrix& contention,
                            const Length& length);
  static Result<CoRun> Make(const Discipline& discipline, const ContentionMatrix& contention) {
    return Make(discipline, contention, {});
  }

  /// The speed of each strand in 1/1024 of its speed alone, 0 .. kFullSpeed, from running them task
  /// by task. The first quarter is left out: what strands do before they are in each other's way.
  /// Cost: 0.1 to 5 ms, 0.6 ms at most for 12,000 tasks; keep the result.
  /// Errors: InvalidArgument for more strands than the discipline lets in at once, or as
  /// TaskClock::Run.
  Status Rates(std::span<const CoRunStrand> strands, std::vector<std::int64_t>* rates);

 private:
  CoRun(const Discipline& discipline, const Length& length, TaskClock clock);
  Status WorkBy(std::int64_t stop_ns, std::vector<std::int64_t>* work_ns);

  Discipline discipline_;
  Length length_;
  TaskClock clock_;
  ClockResult result_;
  std::vector<StrandStart> starts_;
  std::vector<std::int64_t> before_ns_;  // scratch: work in the part that is left out
  std::vector<std::int64_t> work_ns_;
};

}  // namespace braid
