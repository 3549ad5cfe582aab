#include "engine/slot_ranges.h"

#include "base/status.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace braid {

SlotRanges::SlotRanges(std::int32_t num_slots) : num_slots_(num_slots), num_free_(num_slots) {
  if (num_slots > 0) Add({0, num_slots});
}

void SlotRanges::Add(Range range) {
  free_.emplace(range.first, range.count);
  by_count_.emplace(range.count, range.first);
}

/// Without giving its memory back.
void SlotRanges::Change(Ranges::iterator old, Range range) {
  auto by_count = by_count_.extract({old->second, old->first});
  by_count.value() = {range.count, range.first};
  by_count_.insert(std::move(by_count));
  old->second = range.count;
  if (old->first == range.first) return;
  auto by_first = free_.extract(old);
  by_first.key() = range.first;
  free_.insert(std::move(by_first));
}

SlotRanges::Ranges::iterator SlotRanges::Erase(Ranges::iterator range) {
  by_count_.erase({range->second, range->first});
  return free_.erase(range);
}

SlotRanges::Range SlotRanges::Take(std::int32_t count) {
  if (free_.empty() || count <= 0) return {};
  auto best = by_count_.lower_bound({count, 0});
  if (best == by_count_.end()) best = by_count_.lower_bound({by_count_.rbegin()->first, 0});
  const Range taken = {best->second, std::min(count, best->first)};
  TakeAt(taken.first, taken.count);
  return taken;
}

std::int32_t SlotRanges::TakeAt(std::int32_t first, std::int32_t count) {
  auto range = free_.upper_bound(first);
  if (range == free_.begin() || count <= 0) return 0;
  --range;
  const std::int32_t begin = range->first;
  const std::int32_t end = begin + range->second;
  if (first >= end) return 0;
  const std::int32_t taken = std::min(count, end - first);
  const Range before = {begin, first - begin};
  const Range after = {first + taken, end - first - taken};
  if (before.count > 0) {
    Change(range, before);
    if (after.count > 0) Add(after);
  } else if (after.count > 0) {
    Change(range, after);
  } else {
    Erase(range);
  }
  num_free_ -= taken;
  return taken;
}

void SlotRanges::Give(Range range) {
  if (range.count <= 0) return;
  auto next = free_.lower_bound(range.first);
  BRAID_CHECK(next == free_.end() || range.first + range.count <= next->first);
  num_free_ += range.count;
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    const std::int32_t before_end = before->first + before->second;
    BRAID_CHECK(before_end <= range.first);
    if (before_end == range.first) {
      range = {before->first, before->second + range.count};
      next = Erase(before);
    }
  }
  if (next != free_.end() && range.first + range.count == next->first) {
    Change(next, {range.first, range.count + next->second});
  } else {
    Add(range);
  }
}

}  // namespace braid
