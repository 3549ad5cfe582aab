#include "planner/policy/future_memory.h"

#include <algorithm>
#include <functional>

namespace braid {

std::int64_t FutureHighWater(std::span<MemoryClaim> claims) {
  std::sort(claims.begin(), claims.end(), [](const MemoryClaim& a, const MemoryClaim& b) {
    return a.left != b.left ? a.left > b.left : a.held > b.held;
  });
  std::int64_t held = 0;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    held += claims[i].held;
    most = std::max(most, static_cast<std::int64_t>(i + 1) * claims[i].left + held);
  }
  return most;
}

void FutureMemory::Clear() {
  left_.clear();
  need_.clear();
  high_water_ = 0;
}

std::size_t FutureMemory::PlaceOf(std::int64_t left) const {
  const auto place = std::lower_bound(left_.begin(), left_.end(), left, std::greater<>());
  return static_cast<std::size_t>(place - left_.begin());
}

// need = i x left_i + held of the first i; without the first term it is what they hold together.
std::int64_t FutureMemory::NeedAt(std::size_t place, const MemoryClaim& claim) const {
  const auto before = static_cast<std::int64_t>(place);
  const std::int64_t held = place == 0 ? 0 : need_[place - 1] - before * left_[place - 1];
  return (before + 1) * claim.left + held + claim.held;
}

void FutureMemory::Add(const MemoryClaim& claim) {
  const std::size_t place = PlaceOf(claim.left);
  const std::int64_t need = NeedAt(place, claim);
  high_water_ = std::max(high_water_, need);
  // Whoever ends no later than the new claim finds what it holds, and what it grew until then.
  for (std::size_t i = place; i < left_.size(); ++i) {
    need_[i] += left_[i] + claim.held;
    high_water_ = std::max(high_water_, need_[i]);
  }
  const auto offset = static_cast<std::ptrdiff_t>(place);
  left_.insert(left_.begin() + offset, claim.left);
  need_.insert(need_.begin() + offset, need);
}

bool FutureMemory::Fits(const MemoryClaim& claim, std::int64_t slots) const {
  const std::size_t place = PlaceOf(claim.left);
  if (high_water_ > slots || NeedAt(place, claim) > slots) return false;
  if (place == left_.size() || high_water_ + left_[place] + claim.held <= slots) return true;
  for (std::size_t i = place; i < left_.size(); ++i) {
    if (need_[i] + left_[i] + claim.held > slots) return false;
  }
  return true;
}

}  // namespace braid
