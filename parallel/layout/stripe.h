#pragma once

#include <cstdint>

namespace braid {

/// Tokens dealt out over the members of a ring like cards: of a chunk, member m of k has those at
/// offsets m, m + k, m + 2k, ..; so every member has early and late tokens, and causal attention is
/// the same work for all.
/// Source: LoongServe, arXiv:2404.09526, section 4.1; striped attention, arXiv:2311.09431.
struct Stripe {
  std::int32_t members = 1;
  std::int32_t member = 0;

  /// How many offsets of this stripe are below `offset`: also the index of the first one that is
  /// not.
  std::int32_t CountBelow(std::int32_t offset) const {
    return offset <= member ? 0 : (offset - member + members - 1) / members;
  }
  /// How many of the offsets begin .. end - 1 are of this stripe.
  std::int32_t Count(std::int32_t begin, std::int32_t end) const {
    return CountBelow(end) - CountBelow(begin);
  }
  std::int32_t OffsetAt(std::int32_t index) const { return member + index * members; }
};

/// (query, key) pairs that causal attention has between the tokens of a chunk at offsets
/// 0 .. num_tokens - 1 that lie on the stripe of `queries` and those on the stripe of `keys`, which
/// has as many members. A token attends to itself. Summed over all pairs of members:
/// num_tokens * (num_tokens + 1) / 2.
/// Cost: O(1).
std::int64_t StripePairs(const Stripe& queries, const Stripe& keys, std::int32_t num_tokens);

}  // namespace braid
