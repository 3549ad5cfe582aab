#pragma once

#include "planner/sim/clock/clock_run.h"
#include "planner/sim/clock/discipline.h"
#include "planner/sim/clock/unrolled_strand.h"

#include <array>
#include <cstdint>
#include <vector>

namespace braid {

/// Persistent list lanes: a lane that falls idle takes the ready task of the primary, else of the
/// next strand; no barrier, no window. A task of another strand than the primary yields to it at
/// the next multiple of a quantum of its work. With depth 1: one strand after the other. Thread:
/// one thread.
class ListLanes {
 public:
  ListLanes(const Discipline& discipline, const ContentionMatrix& contention);

  /// The input has been checked.
  Status Run(std::span<const StrandStart> strands, const ClockOptions& options,
             ClockResult* result);

 private:
  // A strand in flight.
  struct Slot {
    std::int32_t strand = -1;
    std::int32_t priority = 0;
    std::int64_t ready_ns = 0;                          // its overhead is over
    std::array<const LaneTask*, kNumLanes> tasks = {};  // [num_tasks + 1]
    std::array<std::uint32_t, kNumLanes> num_tasks = {};
    std::array<std::uint32_t, kNumLanes> ended = {};      // tasks; also index of the next
    std::array<std::int64_t, kNumLanes> left_units = {};  // of the next task, if it was cut; else 0
    std::int64_t repeats_left = 0;
    UnrolledStrand unrolled;
  };

  Status Simulate();
  bool RunAhead(std::size_t lane);
  Status FillSlots(std::int64_t now_ns);
  void BeginRepeat(Slot& slot, std::int64_t now_ns);
  void SetTimer(std::int64_t now_ns);
  void StopPiece(std::size_t lane, std::int64_t now_ns);
  void EndRepeat(std::int32_t slot_index, std::int64_t now_ns);
  void Assign(std::int64_t now_ns);
  void GiveLane(std::size_t lane, std::int64_t now_ns);
  void BeginPiece(std::size_t lane, std::int32_t slot_index, std::int64_t now_ns);
  void NoteWaiting(std::int64_t now_ns);

  bool Ready(const Slot& slot, std::size_t lane, std::int64_t now_ns) const {
    return slot.ended[1 - lane] >= slot.tasks[lane][slot.ended[lane]].need &&
           now_ns >= slot.ready_ns;
  }

  ClockRun run_;
  std::int64_t quantum_units_;
  bool split_network_;
  std::vector<Slot> slots_;
  std::vector<std::int32_t> free_;   // slot indices
  std::vector<std::int32_t> order_;  // slot indices in flight, primary first
  std::array<std::int64_t, kNumLanes> waiting_since_ns_ = {};  // -1: the primary does not wait
  std::int64_t timer_ns_ = 0;  // next arrival that finds a slot, or end of an overhead
};

}  // namespace braid
