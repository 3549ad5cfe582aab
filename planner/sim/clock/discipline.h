#pragma once

#include <cstdint>

namespace braid {

/// Who gets a lane when several strands are in flight on a rank.
enum class DisciplineKind : std::uint8_t {
  kSequential,  ///< one strand at a time, first come, first served: no interleaving
  kLanes,   ///< each lane by itself takes the ready task of the primary, else of the next strand
  kRounds,  ///< Liger: see RoundLanes
};

struct Discipline {
  DisciplineKind kind = DisciplineKind::kLanes;
  /// Strands in flight; later ones wait, first in, first out. kSequential: always 1.
  std::int32_t depth = 3;
  /// kLanes: tasks of strands other than the primary yield at multiples of this much of their work,
  /// so a ready task of the primary waits at most that long (times the contention).
  std::int64_t quantum_ns = 50'000;
  /// kRounds: a secondary matrix product is cut at multiples of 1 / decomposition of its work.
  std::int32_t decomposition = 8;
  /// Network tasks may be cut too where the template allows. kLanes: at the quantum; kRounds: at
  /// 1 / decomposition. Off: they run whole.
  bool split_network = true;
  /// kRounds: a secondary network task is let into any window and closes it, as the released code
  /// of Liger has it; off, it must fit, as the paper has it.
  bool admit_any_network = false;
};

}  // namespace braid
