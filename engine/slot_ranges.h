#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace braid {

/// The free KV slots of one instance, as ranges. Every slot is free or taken, never both.
/// Cost: O(log ranges).
/// Thread: one.
class SlotRanges {
 public:
  explicit SlotRanges(std::int32_t num_slots);

  struct Range {
    std::int32_t first = 0;
    std::int32_t count = 0;
  };

  /// Takes `count` consecutive slots out of the shortest run that has so many, else the longest
  /// run; of equal ones the first. An empty range only where nothing is free.
  Range Take(std::int32_t count);
  /// Takes up to `count` slots that start at `first`, as far as they are free; says how many.
  std::int32_t TakeAt(std::int32_t first, std::int32_t count);
  /// Gives back slots that were taken.
  void Give(Range range);

  std::int32_t num_free() const { return num_free_; }
  std::int32_t num_slots() const { return num_slots_; }

 private:
  std::int32_t num_slots_;
  std::int32_t num_free_;
  using Ranges = std::map<std::int32_t, std::int32_t>;
  void Add(Range range);
  void Change(Ranges::iterator old, Range range);
  Ranges::iterator Erase(Ranges::iterator range);

  Ranges free_;  ///< first -> count; ranges never touch
  std::set<std::pair<std::int32_t, std::int32_t>> by_count_;  ///< the same: (count, first)
};

}  // namespace braid
