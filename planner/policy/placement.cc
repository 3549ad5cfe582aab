#include "planner/policy/placement.h"

#include <algorithm>
#include <numeric>

namespace braid {
namespace {

std::int64_t Total(std::span<const FreeSlots> group) {
  return std::accumulate(group.begin(), group.end(), std::int64_t{0},
                         [](std::int64_t sum, const FreeSlots& free) { return sum + free.slots; });
}

void Take(FreeSlots& from, std::int64_t tokens, std::vector<KvShare>& shares) {
  if (tokens <= 0) return;
  from.slots -= tokens;
  shares.push_back({.instance = from.instance, .tokens = static_cast<std::int32_t>(tokens)});
}

}  // namespace

bool SpreadEvenly(std::int64_t tokens, std::span<FreeSlots> group, std::vector<KvShare>& shares) {
  if (tokens > Total(group)) return false;
  // From the fullest to the emptiest, so that what one cannot take the later ones do.
  std::vector<std::size_t> order(group.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return group[a].slots != group[b].slots ? group[a].slots < group[b].slots : a < b;
  });
  std::int64_t left = tokens;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t sharers = static_cast<std::int64_t>(order.size() - i);
    const std::int64_t part = std::min(group[order[i]].slots, (left + sharers - 1) / sharers);
    Take(group[order[i]], part, shares);
    left -= part;
  }
  return true;
}

bool PackTightly(std::int64_t tokens, std::int64_t headroom, std::span<FreeSlots> group,
                 std::vector<KvShare>& shares) {
  if (tokens > Total(group)) return false;
  for (FreeSlots& free : group) {
    if (free.slots < tokens + headroom) continue;
    Take(free, tokens, shares);
    return true;
  }
  for (FreeSlots& free : group) {
    const std::int64_t part = std::min(free.slots, tokens);
    Take(free, part, shares);
    tokens -= part;
  }
  return true;
}

}  // namespace braid
