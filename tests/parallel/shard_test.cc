#include "parallel/layout/shard.h"

#include "tests/parallel/small_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace braid {
namespace {

TEST(EvenCut, CoversEverythingOnceWithPartsThatDifferByOneUnit) {
  for (std::int32_t total : {1, 5, 31, 32, 172, 1536}) {
    for (std::int32_t unit : {1, 32}) {
      for (std::int32_t parts = 1; parts <= 7; ++parts) {
        std::int32_t next = 0;
        std::int32_t smallest = total;
        std::int32_t largest = 0;
        for (std::int32_t part = 0; part < parts; ++part) {
          const IndexRange range = EvenCut(total, parts, part, unit);
          EXPECT_EQ(range.begin, next);
          next = range.end;
          smallest = std::min(smallest, range.size());
          largest = std::max(largest, range.size());
        }
        EXPECT_EQ(next, total);
        // A broken unit at the end may make the last part smaller still.
        EXPECT_LT(largest - smallest, total % unit == 0 ? unit + 1 : 2 * unit);
      }
    }
  }
}

TEST(ShardOf, SharesAKvHeadWhoseQueriesFallToTwoRanks) {
  const ModelSpec spec = NineHeads();
  const Mesh two = {.tensor = 2, .pipeline = 1};
  const ModelShard first = ShardOf(spec, two, 0).value();
  const ModelShard second = ShardOf(spec, two, 1).value();
  EXPECT_EQ(first.heads, (IndexRange{0, 5}));
  EXPECT_EQ(second.heads, (IndexRange{5, 9}));
  EXPECT_EQ(first.kv_heads, (IndexRange{0, 2}));
  EXPECT_EQ(second.kv_heads, (IndexRange{1, 3}));
}

TEST(ShardOf, GivesEveryRankTheKvHeadsThatItsQueriesRead) {
  for (std::int32_t kv_heads : {1, 2, 4, 8}) {
    ModelSpec spec = NineHeads();
    spec.num_heads = 8;
    spec.num_kv_heads = kv_heads;
    for (std::int32_t tensor = 1; tensor <= 8; ++tensor) {
      for (std::int32_t rank = 0; rank < tensor; ++rank) {
        const ModelShard shard = ShardOf(spec, {.tensor = tensor, .pipeline = 1}, rank).value();
        for (std::int32_t head = shard.heads.begin; head < shard.heads.end; ++head) {
          EXPECT_TRUE(shard.kv_heads.contains(head / spec.heads_per_kv()));
        }
      }
    }
  }
}

TEST(ShardOf, KeepsQuantisationBlocksWholeWhereItCan) {
  const ModelSpec spec = NineHeads();
  EXPECT_EQ(ShardOf(spec, {.tensor = 5}, 0).value().ffn.size() % 32, 0);
  ModelSpec odd = NineHeads();
  odd.ffn_dim = 172;
  EXPECT_EQ(ShardOf(odd, {.tensor = 4}, 3).value().ffn, (IndexRange{129, 172}));
}

TEST(ShardOf, PutsTheLongerStagesFirst) {
  const Mesh mesh = {.tensor = 1, .pipeline = 2};
  EXPECT_EQ(ShardOf(NineHeads(5), mesh, 0).value().layers, (IndexRange{0, 3}));
  EXPECT_EQ(ShardOf(NineHeads(5), mesh, 1).value().layers, (IndexRange{3, 5}));
}

TEST(ShardOf, SaysWhatCannotBeSplit) {
  EXPECT_EQ(ShardOf(NineHeads(), {.tensor = 10}, 0).error().message(),
            "cannot split 9 attention heads over tp 10; use --tp of at most 9");
  EXPECT_EQ(ShardOf(NineHeads(5), {.tensor = 1, .pipeline = 6}, 0).error().message(),
            "cannot split 5 layers over pp 6; use --pp of at most 5");
  EXPECT_FALSE(ShardOf(NineHeads(), {.tensor = 0}, 0).ok());
  EXPECT_FALSE(ShardOf(NineHeads(), {.tensor = 2}, 2).ok());
}

}  // namespace
}  // namespace braid
