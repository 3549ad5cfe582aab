#include "planner/policy/future_memory.h"

#include <algorithm>

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

}  // namespace braid
