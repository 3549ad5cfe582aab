#pragma once

#include "base/status.h"
#include "planner/cost/timed_template.h"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace braid {

/// One task of a strand as the clock runs it. Within a strand each lane is in order, so all edges
/// from the other lane come down to one number.
struct LaneTask {
  std::int64_t work_ns = 0;    ///< alone on the rank
  std::uint32_t need = 0;      ///< tasks of the other lane that must have ended before
  std::uint32_t unrolled = 0;  ///< index in the unrolled template
  WorkClass work = WorkClass::kOther;
  bool cuttable = false;
};

/// A template unrolled over its layers with the times of given sizes: two queues of tasks.
/// Cost: ~1 ns a task; no allocation once its buffers have grown.
/// Thread: one thread.
class UnrolledStrand {
 public:
  /// Longest task that the clock's integers carry.
  static constexpr std::int64_t kMaxTaskNs = std::int64_t{1} << 38;  // 275 s
  static constexpr std::int64_t kMaxTasks = std::int64_t{1} << 22;
  /// `need` of the task behind the last one, which is never met.
  static constexpr std::uint32_t kNeverMet = std::numeric_limits<std::uint32_t>::max();

  /// Edges that reach back beyond the first task count as met.
  /// Errors: InvalidArgument where a task has a negative time or more than kMaxTaskNs, a section
  /// leaves the template, a task depends on itself, or there is no task or more than kMaxTasks.
  Status Unroll(const TimedTemplate& tmpl, const StepSizes& sizes);

  /// Followed by one task with need == kNeverMet.
  const LaneTask* lane(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)].data(); }
  std::uint32_t num_tasks(Lane lane) const { return counts_[static_cast<std::size_t>(lane)]; }
  /// Work of both lanes.
  std::int64_t work_ns() const { return work_ns_; }

 private:
  Status CheckSections(const TimedTemplate& tmpl);
  Status TimeTasks(const TimedTemplate& tmpl, const StepSizes& sizes);
  Status AppendSection(const TimedTemplate& tmpl, const Section& section);
  void RepeatLayer(const TimedTemplate& tmpl, std::int32_t times);

  std::array<std::vector<LaneTask>, kNumLanes> lanes_;
  std::array<std::uint32_t, kNumLanes> counts_ = {};
  std::int64_t work_ns_ = 0;
  std::vector<std::int64_t> task_ns_;  // [template tasks]
  std::vector<std::uint32_t> places_;  // [unrolled tasks] 2 x index in the lane + lane
  std::size_t reach_ = 1;              // longest edge
};

}  // namespace braid
