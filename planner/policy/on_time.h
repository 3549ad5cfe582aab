#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// Work with a due date.
struct DueWork {
  double work_ns = 0;       ///< what all workers together need for it
  std::int64_t due_ns = 0;  ///< from now
  bool spared = false;      ///< given up only where nothing else helps
  bool on_time = true;      ///< result
};

/// Chooses which of `jobs` to give up so that as many as possible are done when due, if they run
/// one after the other by due date: wherever one would be late, the largest so far is given up.
/// Reorders `jobs` by due date. Cost: O(n log n).
/// Source: Moore, "An n job, one machine sequencing algorithm for minimizing the number of late
/// jobs", 1968.
class OnTime {
 public:
  /// Tells of work that arrived at `now_ns` with `limit_ns` to its due date: so much of its kind is
  /// expected to come on, and to go before what is due later.
  void Arrived(std::int64_t now_ns, double work_ns, std::int64_t limit_ns);

  void Choose(std::int64_t now_ns, std::span<DueWork*> jobs);

 private:
  /// Work by limit, forgotten over time.
  struct Stream {
    double work_ns = 0;   ///< decayed to `seen_ns`
    double limit_ns = 0;  ///< mean of the kind
  };
  static constexpr int kNumStreams = 24;

  double ExpectedBefore(double due_ns) const;
  void Decay(std::int64_t now_ns);

  std::array<Stream, kNumStreams> streams_ = {};
  std::int64_t seen_ns_ = 0;
  double memory_ns_ = 0;        ///< decayed length of what was seen
  std::vector<DueWork*> heap_;  ///< chosen so far, largest first
  std::vector<DueWork*> spared_heap_;
};

}  // namespace braid
