#pragma once

#include "base/status.h"

#include <cstdint>

namespace braid {

/// Notices a policy that goes round in circles.
///
/// A pass that computes brings its requests on, and ends; only what KV lost or changed its place
/// for can come again without end: moves, evictions, and calls in which nothing happens. These are
/// counted from one progress to the next: a token generated, KV of a token that never had any
/// before (so that computing anew what was evicted is none), a request that left. More than 1,000,
/// and 100 for each live request, are too many.
/// Thread: one.
class Progress {
 public:
  /// `step`: the number of the one that brought it, or of the last issued.
  void Made(std::uint64_t step) {
    last_step_ = step;
    turns_ = {};
  }
  void OnStep() { ++turns_.steps; }
  void OnMove() { ++turns_.moves; }
  void OnEviction() { ++turns_.evictions; }
  void OnIdleWake() { ++turns_.wakes; }

  /// Errors: Internal naming the last step that brought anything, what came since, and what to do.
  Status Check(std::uint64_t num_live) const {
    if (turns_.moves + turns_.evictions + turns_.wakes <= 1'000 + 100 * num_live) return Status();
    return Circles(num_live);
  }

 private:
  Status Circles(std::uint64_t num_live) const;

  struct Turns {
    std::uint64_t steps = 0;
    std::uint64_t moves = 0;  ///< of the steps
    std::uint64_t evictions = 0;
    std::uint64_t wakes = 0;
  };
  Turns turns_;
  std::uint64_t last_step_ = 0;
};

}  // namespace braid
