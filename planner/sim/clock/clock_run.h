#pragma once

#include "planner/sim/clock/lane_pair.h"
#include "planner/sim/clock/task_clock.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What both kinds of interleaving need while they run: the list of strands in order of arrival,
/// the lanes, and the books of who held them.
/// Thread: one thread.
class ClockRun {
 public:
  explicit ClockRun(const ContentionMatrix& contention)
      : contention_(contention), lanes_(contention) {}

  void Start(std::span<const StrandStart> strands, const ClockOptions& options,
             ClockResult* result);

  /// Arrival of the first strand not let in yet; kNever: none is left.
  std::int64_t next_arrival_ns() const { return next_arrival_ns_; }
  /// Lets that strand in and returns its number.
  std::int32_t Admit(std::int64_t now_ns);

  /// A piece of one of a strand's tasks.
  struct Part {
    std::int32_t strand = 0;
    std::uint32_t unrolled = 0;  ///< index of the task
    bool last = true;            ///< of its task
  };

  /// Empties the lane, on which a piece stopped.
  void Stop(std::size_t lane, const Part& part, std::int64_t now_ns) {
    const LanePair::Piece& piece = lanes_[lane];
    const std::int64_t held = now_ns - piece.start_ns;
    Book(lane, part.strand, held, piece.units - piece.after_units);
    if (options_.trace && held > 0) Trace(lane, part, now_ns);
    lanes_.Vacate(lane);
  }

  /// Work is in units until End. Books pieces of a strand that stopped without being told of one by
  /// one.
  void Book(std::size_t lane, std::int32_t strand, std::int64_t held_ns, std::int64_t units) {
    row(strand).held_ns[lane] += held_ns;
    row(strand).work_ns += units;
    result_->busy_ns[lane] += held_ns;
  }

  /// Books what a running piece has done by now: the clock is stopped.
  void BreakOff(std::size_t lane, std::int32_t strand, std::int64_t now_ns);

  /// Turns units into nanoseconds.
  void End(std::int64_t now_ns);

  LanePair& lanes() { return lanes_; }
  const StrandStart& start(std::int32_t strand) const {
    return strands_[static_cast<std::size_t>(strand)];
  }
  StrandResult& row(std::int32_t strand) const {
    return result_->strands[static_cast<std::size_t>(strand)];
  }
  std::int64_t stop_ns() const { return options_.stop_ns; }
  bool traces() const { return options_.trace; }

 private:
  void Trace(std::size_t lane, const Part& part, std::int64_t now_ns);
  void PeekArrival();

  ContentionMatrix contention_;
  std::span<const StrandStart> strands_;
  ClockOptions options_;
  ClockResult* result_ = nullptr;
  std::vector<std::int32_t> by_arrival_;
  std::size_t num_admitted_ = 0;
  std::int64_t next_arrival_ns_ = LanePair::kNever;
  LanePair lanes_;
};

}  // namespace braid
