#pragma once

#include "planner/sim/clock/clock_run.h"
#include "planner/sim/clock/discipline.h"
#include "planner/sim/clock/unrolled_strand.h"

#include <array>
#include <cstdint>
#include <vector>

namespace braid {

/// Liger's rounds. A round is the longest run of the primary's next tasks on one lane, which runs
/// whole, and a secondary subset: next tasks of the other strands, in order, for the other lane
/// only, as many as fit the run's time divided by the contention; a matrix product that does not
/// fit is cut at a multiple of 1 / decomposition, a network task too where the discipline splits
/// them. Both subsets start when the run of the round before has ended; strands join between
/// rounds. Each strand is a chain in template order. Unlike the released code, a strand that
/// becomes the primary waits for its own secondary tasks. Thread: one thread. Source: Liger, PPoPP
/// 2024, 10.1145/3627535.3638466, sections 3.3 to 3.6.
class RoundLanes {
 public:
  RoundLanes(const Discipline& discipline, const ContentionMatrix& contention);

  /// The input has been checked.
  Status Run(std::span<const StrandStart> strands, const ClockOptions& options,
             ClockResult* result);

 private:
  struct ChainTask {
    LaneTask task;
    Lane lane = Lane::kCompute;
  };
  // A strand in flight.
  struct Slot {
    std::int32_t strand = -1;
    std::int32_t priority = 0;
    std::int64_t ready_ns = 0;  // its overhead is over
    std::vector<ChainTask> chain;
    std::size_t next = 0;          // first task not yet in a round, or only in part
    std::int64_t parts_left = 0;   // of chain[next], in 1 / decomposition
    std::int64_t outstanding = 0;  // pieces of it in a stream that have not ended
    std::int64_t secondary = 0;    // of them, in the secondary stream
    std::int64_t repeats_left = 0;
  };
  struct RoundPiece {
    std::int32_t slot = 0;
    std::size_t task = 0;
    std::int64_t units = 0;
    bool last = true;  // of its task
  };
  // Pieces that run one after the other: a stream of the original.
  struct Stream {
    std::vector<RoundPiece> pieces;
    std::size_t begun = 0;
    bool running = false;

    bool drained() const { return begun == pieces.size() && !running; }
    void DropEnded();
  };

  Status Simulate();
  Status Refill(std::int64_t now_ns);
  Status Enter(Slot& slot, std::int64_t now_ns);
  void BeginRepeat(Slot& slot, std::int64_t now_ns);
  void StopPiece(std::size_t lane, std::int64_t now_ns);
  void EndRepeat(std::int32_t slot_index, std::int64_t now_ns);
  Status BeginRound(std::int64_t now_ns);
  void SetTimer(std::int64_t now_ns);
  void FillWindow(std::int32_t primary, Lane lane, std::int64_t now_ns);
  bool Admit(std::int32_t slot_index, const std::array<bool, kNumWorkClasses>& beside,
             std::int64_t* window_units);
  std::int64_t Units(const Slot& slot, std::int64_t parts) const;
  void Enqueue(Stream& stream, std::int32_t slot_index, std::int64_t parts);
  void TryBegin(Stream& stream, std::int64_t now_ns);
  void Assign(std::int64_t now_ns);
  Slot& slot(std::int32_t index) { return slots_[static_cast<std::size_t>(index)]; }

  ClockRun run_;
  Discipline discipline_;
  std::vector<Slot> slots_;
  std::vector<std::int32_t> free_;
  std::vector<std::int32_t> order_;  // slot indices in flight, primary first
  UnrolledStrand unrolled_;
  Stream primary_;
  Stream secondary_;
  std::array<Stream*, kNumLanes> on_lane_ = {};  // whose piece runs there
  std::int64_t waiting_since_ns_ =
      -1;  // the primary's next piece waits for a lane that others hold
  std::int64_t timer_ns_ = 0;
};

}  // namespace braid
