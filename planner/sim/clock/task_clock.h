#pragma once

#include "base/status.h"
#include "planner/cost/timed_template.h"
#include "planner/sim/clock/discipline.h"

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace braid {

/// A strand that is to run. Its number is its place in the list given to TaskClock::Run.
struct StrandStart {
  const TimedTemplate* tmpl = nullptr;
  StepSizes sizes = {};
  std::int32_t priority = 0;  ///< higher goes first; among equals the lower number
  std::int64_t arrival_ns = 0;
  /// Times that the strand runs, one after the other, keeping its place: a steady decode.
  std::int64_t repeats = 1;
};

/// What became of a strand. -1: never happened.
struct StrandResult {
  std::int64_t start_ns = -1;  ///< when it was let in; its overhead begins
  std::int64_t end_ns = -1;    ///< of its last task; -1 also where the clock was stopped before
  std::int64_t completed = 0;  ///< repeats
  /// Time that a ready task of it waited, while it was the primary, for a lane that others held.
  std::int64_t delay_ns = 0;
  std::int64_t work_ns = 0;  ///< time its tasks would have taken alone
  /// Time that its tasks held each lane. Over both lanes, work_ns plus the stretch by contention.
  std::array<std::int64_t, kNumLanes> held_ns = {};

  std::int64_t stretch_ns() const { return held_ns[0] + held_ns[1] - work_ns; }
  bool operator==(const StrandResult&) const = default;
};

/// A task, or a piece of one, on its lane.
struct TaskSpan {
  std::int32_t strand = 0;
  std::uint32_t unrolled = 0;  ///< index in the unrolled template
  std::int64_t repeat = 0;
  Lane lane = Lane::kCompute;
  bool last_piece = true;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

struct ClockResult {
  std::vector<StrandResult> strands;
  std::int64_t end_ns = 0;
  std::array<std::int64_t, kNumLanes> busy_ns = {};
  std::vector<TaskSpan> trace;  ///< in order of end; only where it was asked for
};

struct ClockOptions {
  bool trace = false;
  std::int64_t stop_ns = std::numeric_limits<std::int64_t>::max();  ///< leave off there
};

/// The task-by-task truth of the simulator: several strands on one representative rank (all ranks
/// of a group do the same), driven by events in integer nanoseconds. Two runs of equal input are
/// equal on any machine.
/// Cost:   ~12 ns a task (traced ~20, kRounds ~40); no allocation once buffers have grown.
/// Thread: one thread; use one clock for many runs.
class TaskClock {
 public:
  /// Errors: InvalidArgument for a depth, quantum or decomposition below 1 and contention outside
  /// 1024 .. 16 * 1024.
  static Result<TaskClock> Make(const Discipline& discipline, const ContentionMatrix& contention);

  TaskClock(TaskClock&&) noexcept;
  TaskClock& operator=(TaskClock&&) noexcept;
  ~TaskClock();

  /// Fills `result`, whose buffers are used again.
  /// Errors: InvalidArgument naming the strand that has no template, a negative arrival, less than
  /// one repeat or times beyond what the clock carries.
  Status Run(std::span<const StrandStart> strands, const ClockOptions& options,
             ClockResult* result);

 private:
  struct Lanes;
  explicit TaskClock(std::unique_ptr<Lanes> lanes);
  std::unique_ptr<Lanes> lanes_;
};

}  // namespace braid
