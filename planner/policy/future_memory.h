#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A request as the admission check sees it: KV tokens it will hold when its next token comes, and
/// how many more it may produce.
struct MemoryClaim {
  std::int64_t held = 0;
  std::int64_t left = 0;
};

/// The most KV slots that `claims` need together at any future time, if each runs to its limit: the
/// high-water mark is reached just before one of them ends.
/// Cost: O(n log n); reorders `claims`.
/// Source: LightLLM, as LoongServe (arXiv:2404.09526, section 5.1) uses it: max over i of i x
/// left_i + sum of held up to i, by remaining output descending.
std::int64_t FutureHighWater(std::span<MemoryClaim> claims);

}  // namespace braid
