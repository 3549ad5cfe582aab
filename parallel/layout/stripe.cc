#include "parallel/layout/stripe.h"

namespace braid {

std::int64_t StripePairs(const Stripe& queries, const Stripe& keys, std::int32_t num_tokens) {
  // Query i of its stripe sees keys 0 .. i of theirs, or 0 .. i - 1 where they come later.
  const std::int64_t count = queries.CountBelow(num_tokens);
  const bool sees_same_index = keys.member <= queries.member;
  return count * (count - 1) / 2 + (sees_same_index ? count : 0);
}

}  // namespace braid
