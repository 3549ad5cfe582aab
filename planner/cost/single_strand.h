#pragma once

#include "planner/cost/timed_template.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// What a step takes on ranks of its own.
struct StrandTime {
  std::int64_t total_ns = 0;         ///< from its start, overhead included, to the last task's end
  std::int64_t compute_busy_ns = 0;  ///< of each lane: the sum of its tasks
  std::int64_t network_busy_ns = 0;

  bool operator==(const StrandTime&) const = default;
};

/// Runs one strand task by task: a task starts when the one before it in its lane and all that it
/// depends on have ended. The reference that SingleStrand is held against.
/// Cost: a few ns a task; allocates.
StrandTime RunTaskByTask(const TimedTemplate& tmpl, const StepSizes& sizes);

/// The same number, fast: equal tasks are timed once; where no two tasks can overlap the times are
/// added; otherwise layers run until one ends as the layer before it ended, and the rest of them is
/// that layer again.
/// Thread: immutable once built; share it.
class SingleStrand {
 public:
  SingleStrand() = default;
  explicit SingleStrand(const TimedTemplate& tmpl);

  /// Cost: about 3 ns for each different task of the template where it is a chain.
  std::int64_t TotalNs(const StepSizes& sizes) const;
  StrandTime Run(const StepSizes& sizes) const;

  bool is_chain() const { return is_chain_; }

 private:
  /// A task's time, and how many tasks of the whole step take as long.
  struct Counted {
    TimedTask task;
    std::int64_t count = 0;
  };

  std::int64_t Overlapped(const StepSizes& sizes) const;

  std::vector<Counted> different_;
  TimedTemplate template_;  // only where tasks overlap
  std::int64_t overhead_ns_ = 0;
  std::array<bool, kNumLanes> layer_uses_ = {};
  std::size_t reach_ = 0;  // the longest backward distance of an edge
  bool is_chain_ = true;
};

}  // namespace braid
