#include "parallel/interleave.h"

#include "parallel/check.h"
#include "parallel/layout/shard.h"
#include "parallel/lower_group.h"
#include "tests/parallel/group_edges.h"
#include "tests/parallel/small_model.h"

#include <gtest/gtest.h>

#include <limits>

namespace braid {
namespace {

constexpr GroupSignature kSplit = {.prefill = true, .sampled = false, .token_split = true};

TEST(CutProducts, CutsEveryProductByOutputColumnsIntoWholePieces) {
  const Template tmpl =
      LowerGroup(NineHeads(2), {{2, 1}, 1}, {}, {.decode = true, .product_pieces = 4}).value();
  std::int32_t products = 0;
  for (const Task& task : tmpl.tasks) {
    if (task.kind != TaskKind::kMatMul) continue;
    EXPECT_EQ(task.num_parts, 4);
    products += task.part == 0 ? 1 : 0;
    const std::int32_t width = tmpl.widths[static_cast<std::size_t>(task.out)];
    EXPECT_GT(EvenCut(width, task.num_parts, task.part).size(), 0);
  }
  EXPECT_EQ(products, 7 + 1);
}

TEST(CutProducts, NeverMakesMorePiecesThanColumns) {
  ModelSpec spec = NineHeads(1);
  spec.ffn_dim = 5;
  const Template tmpl =
      LowerGroup(spec, {{1, 1}, 1}, {}, {.decode = true, .product_pieces = 8}).value();
  for (const Task& task : tmpl.tasks) {
    if (task.weight == Weight::kGate) {
      EXPECT_EQ(task.num_parts, 5);
    }
  }
  EXPECT_TRUE(CheckTemplate(tmpl).ok());
}

TEST(CutProducts, ChangesNoMessage) {
  const auto count = [](std::int32_t pieces) {
    const Template tmpl =
        LowerGroup(NineHeads(3), {{2, 1}, 2}, {}, {.decode = true, .product_pieces = pieces})
            .value();
    std::int32_t messages = 0;
    for (const Task& task : tmpl.tasks) messages += IsCommunication(task.kind) ? 1 : 0;
    return messages;
  };
  EXPECT_EQ(count(8), count(1));
}

TEST(LegalCut, NeverCutsAlongWhatIsSummed) {
  EXPECT_EQ(LegalCut(TaskKind::kMatMul), CutAxis::kColumns);
  EXPECT_EQ(LegalCut(TaskKind::kAttention), CutAxis::kRows);
  EXPECT_EQ(LegalCut(TaskKind::kAllReduce), CutAxis::kNumbers);
  EXPECT_EQ(LegalCut(TaskKind::kRingShift), CutAxis::kNone);
}

TEST(LegalCut, HasAtMostAPieceForEachColumnOrRow) {
  const Template tmpl = LowerGroup(NineHeads(1), {{2, 1}, 1}, {}, {.decode = true}).value();
  for (const Task& task : tmpl.tasks) {
    if (task.weight == Weight::kDown) {
      EXPECT_EQ(MaxPieces(tmpl, task, 7), 576);
    }
    if (task.kind == TaskKind::kSwiGlu) {
      EXPECT_EQ(MaxPieces(tmpl, task, 7), 7);
    }
    if (task.kind == TaskKind::kAllReduce) {
      EXPECT_EQ(MaxPieces(tmpl, task, 7), 7 * 576);
    }
    if (task.kind == TaskKind::kGather) {
      EXPECT_EQ(MaxPieces(tmpl, task, 7), 1);
    }
  }
}

/// Finish time of a template where every sum takes `network` and every product 1, lanes in order.
std::int64_t Makespan(const Template& tmpl, std::int64_t network) {
  std::vector<std::int64_t> end(tmpl.num_tasks());
  std::array<std::int64_t, kNumLanes> lane = {};
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    const Task& task = tmpl.tasks[place.task];
    std::int64_t& free = lane[static_cast<std::size_t>(LaneOf(task.kind))];
    std::int64_t start = free;
    for (std::uint32_t d = 0; d < task.num_dependencies; ++d) {
      const std::uint32_t distance = tmpl.dependencies[task.first_dependency + d];
      if (distance <= i) start = std::max(start, end[i - distance]);
    }
    const bool half = task.half != Half::kWhole;
    std::int64_t time = 0;
    if (task.kind == TaskKind::kMatMul) time = half ? 1 : 2;
    if (task.kind == TaskKind::kAllReduce && place.layer >= 0) time = half ? network : 2 * network;
    end[i] = start + time;
    free = end[i];
  }
  return std::max(lane[0], lane[1]);
}

TEST(TokenSplit, HidesAllSumsButTheLastBehindTheOtherHalf) {
  // A layer is 7 products of 2 and two sums of 4 (halves: 1 and 2): 22 whole. In halves no sum is
  // longer than what the other half computes beside it (4 and 3), so only the last one shows.
  constexpr std::int32_t kLayers = 10;
  const auto lower = [](const GroupSignature& signature) {
    return LowerGroup(NineHeads(kLayers), {{2, 1}, 1}, {}, signature).value();
  };
  EXPECT_EQ(Makespan(lower({.prefill = true, .sampled = false}), 2), kLayers * 22);
  EXPECT_EQ(Makespan(lower(kSplit), 2), kLayers * 14 + 2);
}

TEST(TokenSplit, OrdersHalvesByKvOnly) {
  const Template tmpl = LowerGroup(NineHeads(3), {{2, 1}, 1}, {}, kSplit).value();
  const auto before = WaitsFor(tmpl);
  const auto one = [&](TaskKind kind, Half half) {
    return FindOne(tmpl, {.kind = kind, .layer = 1, .half = half});
  };
  EXPECT_TRUE(before[one(TaskKind::kAttention, Half::kSecond)].contains(
      one(TaskKind::kStoreKv, Half::kFirst)));
  // The second half's products do not wait for the first half's sum.
  const std::uint32_t sum = one(TaskKind::kAllReduce, Half::kFirst);
  const std::uint32_t product =
      FindOne(tmpl, {.kind = TaskKind::kMatMul, .layer = 1, .half = Half::kSecond});
  EXPECT_FALSE(before[product].contains(sum));
}

TEST(TokenSplit, SendsTheSecondRingAfterTheFirstOneHasLeftItsKv) {
  const Template tmpl = LowerGroup(NineHeads(3), {{2, 1}, 3}, {}, kSplit).value();
  const auto before = WaitsFor(tmpl);
  const std::uint32_t pack = FindOne(
      tmpl,
      {.kind = TaskKind::kPackBlock, .layer = 1, .half = Half::kSecond, .rows = RowSet::kVisiting});
  for (std::uint8_t s = 0; s < 3; ++s) {
    EXPECT_TRUE(before[pack].contains(FindOne(tmpl, {.kind = TaskKind::kRetainKv,
                                                     .layer = 1,
                                                     .part = s,
                                                     .half = Half::kFirst,
                                                     .rows = RowSet::kVisiting})));
  }
}

}  // namespace
}  // namespace braid
