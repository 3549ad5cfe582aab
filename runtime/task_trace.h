#pragma once

#include "base/status.h"
#include "plan/program.h"

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// One task as it ran on one rank.
struct TaskSpan {
  std::int32_t rank = 0;
  std::int32_t slot = 0;
  std::uint64_t step = 0;
  TaskKind kind = TaskKind::kAdd;
  Weight weight = Weight::kNone;
  std::int32_t layer = -1;
  std::uint64_t begin_ns =
      0;  ///< of the system's realtime clock, so that ranks of one host line up
  std::uint64_t end_ns = 0;
};

/// Collects spans and writes them in the trace-event format that Perfetto and chrome://tracing
/// show: one process a rank, one thread a lane and strand slot. Thread: any; Add takes a lock.
class TaskTrace {
 public:
  void Add(std::span<const TaskSpan> spans);
  std::vector<TaskSpan> Take();

  /// Errors: Unavailable where the file cannot be written.
  static Status Write(const std::string& path, std::span<const TaskSpan> spans);

 private:
  std::mutex mutex_;
  std::vector<TaskSpan> spans_;  // guarded by mutex_
};

}  // namespace braid
