#pragma once

#include "planner/cost/timed_template.h"
#include "planner/sim/clock/unrolled_strand.h"

#include <array>
#include <cstdint>
#include <limits>

namespace braid {

/// The two lanes of one rank: what runs on each, since when, and when it stops. While both are busy
/// with tasks of different strands each goes slower, by the contention of their classes; a strand's
/// own overlap is part of what its template was fitted to.
/// Work is counted in 1/1024 ns, so that rounding stays below a nanosecond a task.
/// Thread: one thread.
class LanePair {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kUnitsPerNs = 1024;

  struct Piece {
    std::int32_t owner = -1;  ///< of a strand; -1: the lane is idle
    WorkClass work = WorkClass::kOther;
    bool cuttable = false;
    std::int64_t start_ns = 0;
    std::int64_t stop_ns = kNever;
    std::int64_t units = 0;        ///< work of the piece when it began
    std::int64_t after_units = 0;  ///< of them, work left to a later piece
    // Progress: at since_ns, left_units were missing to the stop, at 1024 / factor of full speed.
    std::int64_t since_ns = 0;
    std::int64_t left_units = 0;
    std::int64_t factor = ContentionMatrix::kOne;
  };

  explicit LanePair(const ContentionMatrix& contention) : contention_(contention) {}

  const Piece& operator[](std::size_t lane) const { return pieces_[lane]; }
  bool idle(std::size_t lane) const { return pieces_[lane].owner < 0; }

  /// The lane must be idle. Call Retime when all lanes have got their pieces.
  void Begin(std::size_t lane, const Piece& piece, std::int64_t now_ns) {
    Piece& mine = pieces_[lane];
    mine = piece;
    mine.start_ns = mine.since_ns = now_ns;
    mine.after_units = 0;
    mine.left_units = piece.units;
    mine.factor = ContentionMatrix::kOne;
    mine.stop_ns = now_ns + (piece.units + kUnitsPerNs - 1) / kUnitsPerNs;
  }

  void Vacate(std::size_t lane) {
    pieces_[lane].owner = -1;
    pieces_[lane].stop_ns = kNever;
  }

  /// As Begin for the task of the same owner that follows at once on the one that stops now, and
  /// Retime.
  void Follow(std::size_t lane, const LaneTask& task, bool cuttable) {
    Piece& mine = pieces_[lane];
    Piece& other = pieces_[1 - lane];
    const std::int64_t now_ns = mine.stop_ns;
    mine.work = task.work;
    mine.cuttable = cuttable;
    mine.start_ns = mine.since_ns = now_ns;
    mine.left_units = mine.units = task.work_ns * kUnitsPerNs;
    mine.factor = ContentionMatrix::kOne;
    if (other.owner >= 0 && other.owner != mine.owner) {
      mine.factor = Factor(mine.work, other.work);
      SetSpeed(other, Factor(other.work, mine.work), now_ns);
    }
    SetStop(mine);
  }

  /// Lets the piece stop at the next multiple of `quantum_units` of its work, if that is before its
  /// end and it was not asked before. True if it stops at once.
  bool Cut(std::size_t lane, std::int64_t quantum_units, std::int64_t now_ns) {
    Piece& mine = pieces_[lane];
    if (!mine.cuttable) return false;
    mine.cuttable = false;  // later attempts would find the same boundary
    Settle(mine, now_ns);
    const std::int64_t done = mine.units - mine.left_units;
    const std::int64_t boundary = (done + quantum_units - 1) / quantum_units * quantum_units;
    if (boundary >= mine.units) return false;
    mine.after_units = mine.units - boundary;
    mine.left_units = boundary - done;
    SetStop(mine);
    return mine.left_units == 0;
  }

  /// After pieces began or ended: gives every piece the speed that it has from now on.
  void Retime(std::int64_t now_ns) {
    const bool together =
        pieces_[0].owner >= 0 && pieces_[1].owner >= 0 && pieces_[0].owner != pieces_[1].owner;
    for (std::size_t lane = 0; lane < 2; ++lane) {
      Piece& mine = pieces_[lane];
      if (mine.owner < 0) continue;
      const std::int64_t factor =
          together ? Factor(mine.work, pieces_[1 - lane].work) : ContentionMatrix::kOne;
      SetSpeed(mine, factor, now_ns);
    }
  }

  /// Work that the piece has still to do, what was cut off included.
  std::int64_t UnfinishedUnits(std::size_t lane, std::int64_t now_ns) {
    Settle(pieces_[lane], now_ns);
    return pieces_[lane].left_units + pieces_[lane].after_units;
  }

  std::int64_t Factor(WorkClass mine, WorkClass other) const {
    return contention_.factor[static_cast<std::size_t>(mine)][static_cast<std::size_t>(other)];
  }

 private:
  // A speed of 1024 / factor gives 1024 x 1024 / factor units a nanosecond.
  static void Settle(Piece& piece, std::int64_t now_ns) {
    const std::int64_t passed = now_ns - piece.since_ns;
    piece.since_ns = now_ns;
    const std::int64_t done = piece.factor == ContentionMatrix::kOne
                                  ? passed * kUnitsPerNs
                                  : passed * (kUnitsPerNs * ContentionMatrix::kOne) / piece.factor;
    piece.left_units = done < piece.left_units ? piece.left_units - done : 0;
  }

  static void SetSpeed(Piece& piece, std::int64_t factor, std::int64_t now_ns) {
    if (factor == piece.factor) return;
    Settle(piece, now_ns);
    piece.factor = factor;
    SetStop(piece);
  }

  static void SetStop(Piece& piece) {
    constexpr std::int64_t kScale = kUnitsPerNs * ContentionMatrix::kOne;
    piece.stop_ns = piece.since_ns + (piece.left_units * piece.factor + kScale - 1) / kScale;
  }

  ContentionMatrix contention_;
  std::array<Piece, 2> pieces_;
};

}  // namespace braid
