#pragma once

#include <cstddef>
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

/// The same mark, kept while claims join: to admit a queue of n takes O(n^2) simple additions, not
/// n sorts.
/// Thread: one.
class FutureMemory {
 public:
  void Clear();

  /// Cost: O(claims that have less left).
  void Add(const MemoryClaim& claim);

  /// Whether the mark stays within `slots` if `claim` joins too.
  /// Cost: O(log n) unless that is a close call, then as Add.
  bool Fits(const MemoryClaim& claim, std::int64_t slots) const;

  std::int64_t high_water() const { return high_water_; }
  std::size_t size() const { return left_.size(); }

 private:
  /// Of the first claim that has no more left than `left`.
  std::size_t PlaceOf(std::int64_t left) const;
  /// What is needed when a claim at `place` ends that joins there.
  std::int64_t NeedAt(std::size_t place, const MemoryClaim& claim) const;

  std::vector<std::int64_t> left_;  ///< of each claim, descending
  std::vector<std::int64_t> need_;  ///< slots just before that claim ends
  std::int64_t high_water_ = 0;     ///< the largest of need_
};

}  // namespace braid
