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
/// added. Otherwise tasks that run one after the other in any case are taken as one, and layers run
/// until one ends as the layer before it ended; the rest of them is that layer again.
/// Thread: immutable once built; share it.
class SingleStrand {
 public:
  SingleStrand() = default;
  /// Cost: O(tasks of all layers).
  explicit SingleStrand(const TimedTemplate& tmpl);

  /// Cost: 1 to 2 ns for each different task of the template where it is a chain, some 200 ns where
  /// tasks overlap. No allocation.
  std::int64_t TotalNs(const StepSizes& sizes) const;
  StrandTime Run(const StepSizes& sizes) const;

  bool is_chain() const { return is_chain_; }

 private:
  /// A task's time, and how many tasks of the whole step take as long.
  struct Counted {
    TimedTask task;
    std::int64_t count = 0;
  };
  /// Tasks of one lane that follow each other at once: only the first waits for the other lane,
  /// only the last is waited for.
  struct Stretch {
    std::uint32_t last = 0;  ///< of its tasks, counted from the section's first
    std::uint32_t first = 0;
    std::uint32_t first_part = 0;  ///< index into parts_
    std::uint32_t num_parts = 0;
    std::uint32_t first_wait = 0;  ///< index into waits_
    std::uint32_t num_waits = 0;
    Lane lane = Lane::kCompute;
  };
  struct Part {
    std::uint32_t different = 0;  ///< index into different_
    std::int64_t count = 0;
  };
  struct Stretches {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    std::uint32_t num_tasks = 0;
  };
  struct Timeline;

  std::uint32_t Count(const TimedTask& task, std::int64_t times);
  Stretches Cut(const Section& section, const std::vector<bool>& awaited);
  void AddPart(std::uint32_t different);
  std::int64_t Overlapped(const StepSizes& sizes) const;
  void RunSection(const Stretches& section, Timeline& timeline) const;
  bool Repeats(const Timeline& timeline, std::int32_t layers_run, std::int64_t& shift) const;

  TimedTemplate template_;  // only where tasks overlap
  std::vector<Counted> different_;
  std::vector<std::uint32_t> different_of_;  // of each task of the template
  std::vector<Stretch> stretches_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> waits_;  // backward distances to tasks of the other lane
  Stretches prologue_;
  Stretches layer_;
  Stretches epilogue_;
  std::array<bool, kNumLanes> layer_uses_ = {};
  std::int32_t layers_seen_ = 1;  // how many layers back an edge can reach
  std::int64_t overhead_ns_ = 0;
  bool fits_window_ = true;
  bool is_chain_ = true;
};

}  // namespace braid
