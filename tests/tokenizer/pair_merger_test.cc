#include "models/tokenizer/pair_merger.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace braid {
namespace {

using Symbol = PairMerger::Symbol;
using Merge = PairMerger::Merge;
using Merges = std::map<std::pair<std::int32_t, std::int32_t>, Merge>;

std::vector<std::int32_t> RunMerger(const std::vector<std::int32_t>& ids, const Merges& merges) {
  PairMerger merger;
  for (const std::int32_t id : ids) merger.Append(1, id);
  merger.Run([&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
    const auto found = merges.find({left.id, right.id});
    if (found == merges.end()) return std::nullopt;
    return found->second;
  });
  std::vector<std::int32_t> merged;
  std::size_t end = 0;
  merger.ForEach([&](const Symbol& symbol) {
    EXPECT_EQ(symbol.begin, end);
    end += symbol.num_bytes;
    merged.push_back(symbol.id);
  });
  EXPECT_EQ(end, ids.size());
  return merged;
}

// The definition, one pair at a time.
std::vector<std::int32_t> MergeByDefinition(std::vector<std::int32_t> ids, const Merges& merges) {
  while (true) {
    std::size_t best = ids.size();
    double best_cost = 0;
    std::int32_t merged = -1;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merges.find({ids[i], ids[i + 1]});
      if (found == merges.end()) continue;
      if (best == ids.size() || found->second.cost < best_cost) {
        best = i;
        best_cost = found->second.cost;
        merged = found->second.id;
      }
    }
    if (best == ids.size()) return ids;
    ids[best] = merged;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(PairMerger, MergesTheLeftmostOfEqualPairsFirst) {
  EXPECT_EQ(RunMerger({1, 1, 1}, {{{1, 1}, {0, 2}}}), (std::vector<std::int32_t>{2, 1}));
}

TEST(PairMerger, MergesNothingOfNoSymbolsOrOne) {
  EXPECT_TRUE(RunMerger({}, {}).empty());
  EXPECT_EQ(RunMerger({7}, {{{7, 7}, {0, 8}}}), std::vector<std::int32_t>{7});
}

TEST(PairMerger, AgreesWithTheDefinitionOnRandomMerges) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto pick = [&](int n) {
      return static_cast<std::int32_t>(random() % static_cast<unsigned>(n));
    };
    Merges merges;
    for (int i = 0; i < 12; ++i) {
      merges.try_emplace({pick(6), pick(6)}, Merge{static_cast<double>(pick(5)), pick(6)});
    }
    std::vector<std::int32_t> ids;
    for (int i = pick(40); i > 0; --i) ids.push_back(pick(4));
    ASSERT_EQ(RunMerger(ids, merges), MergeByDefinition(ids, merges)) << "round " << round;
  }
}

}  // namespace
}  // namespace braid
