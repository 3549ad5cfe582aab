#include "engine/slot_ranges.h"

#include "base/status.h"

#include <algorithm>
#include <iterator>

namespace braid {

SlotRanges::SlotRanges(std::int32_t num_slots) : num_slots_(num_slots), num_free_(num_slots) {
  if (num_slots > 0) Add(0, num_slots);
}

void SlotRanges::Add(std::int32_t first, std::int32_t count) {
  free_.emplace(first, count);
  by_count_.emplace(count, first);
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
  Erase(range);
  if (first > begin) Add(begin, first - begin);
  if (first + taken < end) Add(first + taken, end - first - taken);
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
    range.count += next->second;
    Erase(next);
  }
  Add(range.first, range.count);
}

}  // namespace braid
