#include "parallel/lower_group.h"

#include "parallel/check.h"
#include "parallel/lower.h"
#include "tests/parallel/group_edges.h"
#include "tests/parallel/small_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::HasSubstr;

std::vector<GroupSignature> EverySignature() {
  std::vector<GroupSignature> signatures;
  for (const auto& [prefill, decode] : {std::pair{true, false}, {false, true}, {true, true}}) {
    for (const bool sampled : {false, true}) {
      for (const bool token_split : {false, true}) {
        for (const std::int32_t pieces : {1, 3}) {
          for (const bool in_turn : {false, true}) {
            signatures.push_back({.prefill = prefill,
                                  .decode = decode,
                                  .sampled = sampled,
                                  .token_split = token_split,
                                  .product_pieces = pieces,
                                  .exchange_in_turn = in_turn});
          }
        }
      }
    }
  }
  return signatures;
}

TEST(LowerGroup, PassesTheStaticCheckOnAllRanksForEveryDegreeSplitAndSignature) {
  for (std::int32_t degree = 1; degree <= 4; ++degree) {
    for (const Mesh& instance : {Mesh{1, 1}, Mesh{2, 1}, Mesh{1, 2}, Mesh{2, 2}}) {
      const GroupMesh mesh = {instance, degree};
      for (const GroupSignature& signature : EverySignature()) {
        const Result<std::vector<Template>> templates =
            LowerWholeGroup(NineHeads(2), mesh, signature);
        ASSERT_TRUE(templates.ok()) << templates.error().message();
        const Status status = CheckGroup(*templates);
        ASSERT_TRUE(status.ok()) << degree << " x " << instance.tensor << " x " << instance.pipeline
                                 << ": " << status.message();
      }
    }
  }
}

TEST(LowerGroup, PassesTheStaticCheckForMovesBetweenAnyInstances) {
  for (std::int32_t degree = 2; degree <= 4; ++degree) {
    for (std::int32_t sources = 1; sources < degree; ++sources) {
      for (const Mesh& instance : {Mesh{1, 1}, Mesh{2, 2}}) {
        const auto templates =
            LowerWholeGroup(NineHeads(3), {instance, degree}, {.move_sources = sources});
        ASSERT_TRUE(templates.ok());
        const Status status = CheckGroup(*templates);
        EXPECT_TRUE(status.ok()) << status.message();
      }
    }
  }
}

TEST(LowerGroup, IsLowerForOneInstance) {
  for (const Mesh& instance : {Mesh{1, 1}, Mesh{2, 1}, Mesh{2, 2}}) {
    for (const bool sampled : {false, true}) {
      for (std::int32_t rank = 0; rank < instance.size(); ++rank) {
        EXPECT_EQ(
            LowerGroup(NineHeads(), {instance, 1}, {0, rank}, {.prefill = true, .sampled = sampled})
                ->Hash(),
            Lower(NineHeads(), instance, rank, sampled)->Hash());
      }
    }
  }
}

TEST(LowerGroup, GivesDifferentSignaturesDifferentTemplates) {
  std::set<std::uint64_t> hashes;
  const std::vector<GroupSignature> signatures = EverySignature();
  for (const GroupSignature& signature : signatures) {
    hashes.insert(LowerGroup(NineHeads(), {{2, 1}, 3}, {0, 0}, signature)->Hash());
  }
  EXPECT_EQ(hashes.size(), signatures.size());
}

TEST(LowerGroup, SaysWhatNoTemplateCanBe) {
  const auto refused = [](const GroupMesh& mesh, const GroupSignature& signature) {
    return LowerGroup(NineHeads(), mesh, {}, signature).error().message();
  };
  EXPECT_THAT(refused({{}, 2}, {}), HasSubstr("needs prefill or decode rows"));
  EXPECT_THAT(refused({{}, 2}, {.decode = true, .move_sources = 1}), HasSubstr("either moves"));
  EXPECT_THAT(refused({{}, 2}, {.move_sources = 2}), HasSubstr("2 of 2 are sources"));
  EXPECT_THAT(refused({{}, 300}, {.decode = true}), HasSubstr("1 to 255 instances"));
  EXPECT_THAT(refused({{}, 1}, {.decode = true, .product_pieces = 0}), HasSubstr("not 0"));
  EXPECT_THAT(refused({{10, 1}, 1}, {.decode = true}), HasSubstr("cannot split 9 attention heads"));
}

TEST(SequencePrefill, ShiftsABlockOnWhileAttendingToIt) {
  const Template tmpl =
      LowerGroup(NineHeads(), {{2, 1}, 4}, {1, 0}, {.prefill = true, .sampled = false}).value();
  const auto before = WaitsFor(tmpl);
  for (std::uint8_t s = 0; s < 3; ++s) {
    const std::uint32_t shift = FindOne(
        tmpl, {.kind = TaskKind::kRingShift, .layer = 1, .part = s, .rows = RowSet::kVisiting});
    const std::uint32_t attend = FindOne(
        tmpl, {.kind = TaskKind::kAttendBlock, .layer = 1, .part = s, .rows = RowSet::kStriped});
    EXPECT_LT(shift, attend);
    EXPECT_FALSE(before[shift].contains(attend));
    EXPECT_FALSE(before[attend].contains(shift));
  }
}

TEST(SequencePrefill, WaitsForAttentionBeforeEachShiftInTheReleasedOrder) {
  const Template tmpl = LowerGroup(NineHeads(), {{2, 1}, 4}, {1, 0},
                                   {.prefill = true, .sampled = false, .exchange_in_turn = true})
                            .value();
  const auto before = WaitsFor(tmpl);
  for (std::uint8_t s = 0; s < 3; ++s) {
    const std::uint32_t shift = FindOne(
        tmpl, {.kind = TaskKind::kRingShift, .layer = 1, .part = s, .rows = RowSet::kVisiting});
    const std::uint32_t attend = FindOne(
        tmpl, {.kind = TaskKind::kAttendBlock, .layer = 1, .part = s, .rows = RowSet::kStriped});
    EXPECT_TRUE(before[shift].contains(attend));
  }
}

TEST(SequenceDecode, AttendsToLocalKvWhileQueriesTravel) {
  const GroupSignature decode = {.decode = true, .sampled = false};
  for (const bool in_turn : {false, true}) {
    GroupSignature signature = decode;
    signature.exchange_in_turn = in_turn;
    const Template tmpl = LowerGroup(NineHeads(), {{2, 1}, 3}, {1, 1}, signature).value();
    const auto before = WaitsFor(tmpl);
    const std::uint32_t queries =
        FindOne(tmpl, {.kind = TaskKind::kQueryExchange, .layer = 1, .rows = RowSet::kMastered});
    const std::uint32_t own =
        FindOne(tmpl, {.kind = TaskKind::kAttention, .layer = 1, .rows = RowSet::kMastered});
    const std::uint32_t peers =
        FindOne(tmpl, {.kind = TaskKind::kAttention, .layer = 1, .rows = RowSet::kPeer});
    EXPECT_LT(own, peers);
    EXPECT_EQ(before[own].contains(queries), in_turn);
    EXPECT_TRUE(before[peers].contains(queries));
  }
}

TEST(MixedStep, HidesTheDecodesExchangesBehindTheFirstBlock) {
  const Template tmpl = LowerGroup(NineHeads(), {{1, 1}, 3}, {1, 0},
                                   {.prefill = true, .decode = true, .sampled = false})
                            .value();
  const auto before = WaitsFor(tmpl);
  const std::uint32_t block = FindOne(
      tmpl, {.kind = TaskKind::kAttendBlock, .layer = 1, .part = 0, .rows = RowSet::kStriped});
  const std::uint32_t queries =
      FindOne(tmpl, {.kind = TaskKind::kQueryExchange, .layer = 1, .rows = RowSet::kMastered});
  const std::uint32_t partials =
      FindOne(tmpl, {.kind = TaskKind::kPartialExchange, .layer = 1, .rows = RowSet::kPeer});
  const std::uint32_t next_block = FindOne(
      tmpl, {.kind = TaskKind::kAttendBlock, .layer = 1, .part = 1, .rows = RowSet::kStriped});
  EXPECT_FALSE(before[block].contains(queries));
  EXPECT_FALSE(before[next_block].contains(partials));
}

}  // namespace
}  // namespace braid
