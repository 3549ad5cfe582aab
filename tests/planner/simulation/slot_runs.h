#pragma once

#include "plan/step.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// The places of consecutive tokens as runs of slots; equal places give equal runs.
using SlotRuns = std::vector<KvExtent>;

inline void AppendRun(SlotRuns& runs, const KvExtent& more) {
  if (more.count == 0) return;
  if (!runs.empty() && runs.back().instance == more.instance &&
      runs.back().first_slot + runs.back().count == more.first_slot) {
    runs.back().count += more.count;
  } else {
    runs.push_back(more);
  }
}

/// `count` tokens of `runs` from token `first` on, as far as there are any.
inline SlotRuns Cut(const SlotRuns& runs, std::int64_t first, std::int64_t count) {
  SlotRuns cut;
  for (const KvExtent& run : runs) {
    const std::int64_t skipped = first < run.count ? first : run.count;
    const std::int64_t kept = run.count - skipped < count ? run.count - skipped : count;
    AppendRun(cut, {run.instance, run.first_slot + static_cast<std::int32_t>(skipped),
                    static_cast<std::int32_t>(kept)});
    first -= skipped;
    count -= kept;
  }
  return cut;
}

inline std::int64_t CountOf(const SlotRuns& runs) {
  std::int64_t count = 0;
  for (const KvExtent& run : runs) count += run.count;
  return count;
}

inline std::map<std::int32_t, std::int64_t> CountByInstance(const SlotRuns& runs) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const KvExtent& run : runs) counts[run.instance] += run.count;
  return counts;
}

/// Which slots of one instance hold a token.
class TakenSlots {
 public:
  /// False where one of them was taken already.
  bool Take(std::int64_t first, std::int64_t count) {
    if (Overlaps(first, count)) return false;
    taken_[first] = count;
    total_ += count;
    return true;
  }
  /// False where one of them was not taken.
  bool Free(std::int64_t first, std::int64_t count) {
    while (count > 0) {
      auto run = taken_.upper_bound(first);
      if (run == taken_.begin()) return false;
      --run;
      const std::int64_t begin = run->first;
      const std::int64_t end = begin + run->second;
      if (first >= end) return false;
      const std::int64_t freed = end - first < count ? end - first : count;
      taken_.erase(run);
      if (first > begin) taken_[begin] = first - begin;
      if (first + freed < end) taken_[first + freed] = end - first - freed;
      total_ -= freed;
      first += freed;
      count -= freed;
    }
    return true;
  }
  bool Overlaps(std::int64_t first, std::int64_t count) const {
    const auto next = taken_.lower_bound(first);
    if (next != taken_.end() && next->first < first + count) return true;
    if (next == taken_.begin()) return false;
    const auto before = std::prev(next);
    return before->first + before->second > first;
  }
  std::int64_t total() const { return total_; }

 private:
  std::map<std::int64_t, std::int64_t> taken_;  ///< first slot -> count
  std::int64_t total_ = 0;
};

}  // namespace braid
