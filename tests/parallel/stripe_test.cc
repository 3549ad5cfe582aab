#include "parallel/layout/stripe.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(Stripe, DealsOffsetsOutLikeCards) {
  const Stripe second = {.members = 3, .member = 1};
  EXPECT_EQ(second.OffsetAt(0), 1);
  EXPECT_EQ(second.OffsetAt(2), 7);
  EXPECT_EQ(second.Count(0, 8), 3);
  EXPECT_EQ(second.Count(2, 4), 0);
}

TEST(Stripe, CountsAsOneByOne) {
  for (std::int32_t members = 1; members <= 5; ++members) {
    for (std::int32_t member = 0; member < members; ++member) {
      const Stripe stripe = {members, member};
      std::int32_t below = 0;
      for (std::int32_t offset = 0; offset < 40; ++offset) {
        EXPECT_EQ(stripe.CountBelow(offset), below);
        if (offset % members == member) {
          EXPECT_EQ(stripe.OffsetAt(below), offset);
          ++below;
        }
      }
    }
  }
}

TEST(StripePairs, AreThoseOfCausalAttention) {
  for (std::int32_t members = 1; members <= 4; ++members) {
    for (std::int32_t tokens = 0; tokens <= 13; ++tokens) {
      std::int64_t total = 0;
      for (std::int32_t q = 0; q < members; ++q) {
        for (std::int32_t k = 0; k < members; ++k) {
          std::int64_t counted = 0;
          for (std::int32_t i = q; i < tokens; i += members) {
            for (std::int32_t j = k; j < tokens; j += members) counted += j <= i ? 1 : 0;
          }
          const std::int64_t pairs = StripePairs({members, q}, {members, k}, tokens);
          EXPECT_EQ(pairs, counted) << members << " " << q << " " << k << " " << tokens;
          total += pairs;
        }
      }
      EXPECT_EQ(total, std::int64_t{tokens} * (tokens + 1) / 2);
    }
  }
}

}  // namespace
}  // namespace braid
