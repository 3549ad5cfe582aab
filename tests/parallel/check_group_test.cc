// Templates and bindings of groups, broken on purpose: the static check must say what is wrong.
#include "parallel/bind_group.h"
#include "parallel/check.h"
#include "parallel/lower_group.h"
#include "tests/parallel/group_steps.h"
#include "tests/parallel/small_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace braid {
namespace {

using ::testing::HasSubstr;

constexpr GroupMesh kMesh = {.instance = {.tensor = 2, .pipeline = 1}, .degree = 3};
constexpr GroupSignature kMixed = {.prefill = true, .decode = true, .sampled = false};

using Damage = std::function<void(std::vector<Template>&)>;

std::string Refusal(const GroupSignature& signature, const Damage& damage) {
  std::vector<Template> templates = LowerWholeGroup(NineHeads(3), kMesh, signature).value();
  EXPECT_TRUE(CheckGroup(templates).ok());
  damage(templates);
  const Status status = CheckGroup(templates);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  return status.message();
}

Task& Find(Template& tmpl, TaskKind kind, std::uint8_t part = 0) {
  return *std::find_if(tmpl.tasks.begin(), tmpl.tasks.end(),
                       [&](const Task& task) { return task.kind == kind && task.part == part; });
}

/// Makes the task one that does nothing: its edges stay.
void Drop(Task& task) {
  task.kind = TaskKind::kAdd;
  task.in = task.in2 = task.in3 = task.out = Buffer::kNone;
}

TEST(GroupCheck, RefusesADroppedShift) {
  EXPECT_THAT(Refusal(kMixed, [](auto& t) { Drop(Find(t[2], TaskKind::kRingShift, 1)); }),
              HasSubstr("works on block 2, but block 0 lies there"));
}

TEST(GroupCheck, RefusesABlockThatNothingAttendsTo) {
  EXPECT_THAT(Refusal(kMixed, [](auto& t) { Drop(Find(t[0], TaskKind::kAttendBlock, 2)); }),
              HasSubstr("merges before every block was attended to"));
}

TEST(GroupCheck, RefusesABlockThatCannotLeaveWhatStays) {
  EXPECT_THAT(Refusal(kMixed, [](auto& t) { Drop(Find(t[0], TaskKind::kRetainKv, 1)); }),
              HasSubstr("merges before every block could leave what stays"));
}

TEST(GroupCheck, RefusesAShiftIntoTheBufferThatItSends) {
  EXPECT_THAT(Refusal(kMixed,
                      [](auto& t) {
                        for (Template& tmpl : t) {
                          Task& shift = Find(tmpl, TaskKind::kRingShift);
                          shift.out = shift.in;
                        }
                      }),
              HasSubstr("both use buffer visiting_even"));
}

TEST(GroupCheck, RefusesShiftsInAnotherOrder) {
  EXPECT_THAT(Refusal(kMixed,
                      [](auto& t) {
                        std::swap(Find(t[3], TaskKind::kRingShift, 0).operation,
                                  Find(t[3], TaskKind::kRingShift, 1).operation);
                      }),
              HasSubstr("waits for ever"));
}

TEST(GroupCheck, RefusesExchangesInAnotherOrder) {
  EXPECT_THAT(Refusal(kMixed,
                      [](auto& t) {
                        std::swap(Find(t[4], TaskKind::kQueryExchange).operation,
                                  Find(t[4], TaskKind::kRingShift).operation);
                      }),
              HasSubstr("waits for ever"));
}

TEST(GroupCheck, RefusesAnExchangeThatAMemberSkips) {
  EXPECT_THAT(Refusal({.decode = true, .sampled = false},
                      [](auto& t) { Drop(Find(t[1], TaskKind::kPartialExchange)); }),
              HasSubstr("reads buffer peer_partials before anything wrote it"));
}

TEST(GroupCheck, RefusesLocalAttentionLeftOut) {
  EXPECT_THAT(Refusal(kMixed,
                      [](auto& t) {
                        for (Task& task : t[0].tasks) {
                          if (task.rows == RowSet::kMastered && task.kind == TaskKind::kAttention) {
                            Drop(task);
                          }
                        }
                      }),
              HasSubstr("merges before own rows were attended for"));
}

TEST(GroupCheck, RefusesAMergeThatForgetsThePeers) {
  EXPECT_THAT(
      Refusal(kMixed, [](auto& t) { Find(t[0], TaskKind::kMergePartials).in2 = Buffer::kNone; }),
      HasSubstr("does not merge exactly what came back"));
}

TEST(GroupCheck, RefusesRingMembersInAnotherOrder) {
  EXPECT_THAT(Refusal(kMixed,
                      [](auto& t) {
                        auto& ring = t[0].groups[Find(t[0], TaskKind::kRingShift).group];
                        std::swap(ring[1], ring[2]);
                      }),
              HasSubstr("differ in their members"));
}

TEST(GroupCheck, RefusesBlocksOfDifferentWidth) {
  EXPECT_THAT(Refusal({.prefill = true, .sampled = false},
                      [](auto& t) {
                        t[2].widths[static_cast<std::size_t>(Buffer::kVisitingEven)] += 4;
                        t[2].widths[static_cast<std::size_t>(Buffer::kVisitingOdd)] += 4;
                      }),
              HasSubstr("differ in width"));
  EXPECT_THAT(Refusal({.prefill = true, .sampled = false},
                      [](auto& t) {
                        for (Template& tmpl : t) {
                          tmpl.widths[static_cast<std::size_t>(Buffer::kVisitingOdd)] += 4;
                        }
                      }),
              HasSubstr("another width"));
}

TEST(GroupCheck, RefusesEveryLostEdgeOfALayer) {
  for (const GroupSignature& signature :
       {kMixed, GroupSignature{.prefill = true, .sampled = false, .token_split = true}}) {
    const Template whole = LowerGroup(NineHeads(4), kMesh, {1, 1}, signature).value();
    for (std::uint32_t i = 0; i < whole.tasks.size(); ++i) {
      if (whole.tasks[i].num_dependencies == 0) continue;
      Template broken = whole;
      broken.tasks[i].num_dependencies = 0;
      EXPECT_FALSE(CheckTemplate(broken).ok()) << "task " << i;
    }
  }
}

TEST(GroupCheck, RefusesAHalfOnOneRankOnly) {
  EXPECT_THAT(Refusal({.prefill = true, .sampled = false, .token_split = true},
                      [](auto& t) {
                        for (Task& task : t[0].tasks) {
                          if (task.kind == TaskKind::kAllReduce && task.half == Half::kSecond) {
                            task.half = Half::kFirst;
                          }
                        }
                      }),
              HasSubstr("both use buffer partial and no edge"));
}

TEST(GroupCheck, RefusesAPieceOfAProductLeftOut) {
  const GroupSignature cut = {.decode = true, .sampled = false, .product_pieces = 3};
  EXPECT_THAT(Refusal(cut, [](auto& t) { Drop(Find(t[0], TaskKind::kMatMul, 1)); }),
              HasSubstr("lacks the piece"));
  EXPECT_THAT(Refusal(cut,
                      [](auto& t) {
                        for (Task& task : t[0].tasks) {
                          if (task.kind == TaskKind::kMatMul) task.num_parts = 4;
                        }
                      }),
              HasSubstr("lacks the piece"));
}

TEST(GroupCheck, RefusesAMoveWithoutItsReceive) {
  EXPECT_THAT(Refusal({.move_sources = 1}, [](auto& t) { Drop(Find(t[4], TaskKind::kReceiveKv)); }),
              HasSubstr("waits for ever"));
}

TEST(GroupCheck, RefusesAMoveInAnotherOrder) {
  EXPECT_THAT(Refusal({.move_sources = 1},
                      [](auto& t) {
                        std::swap(Find(t[0], TaskKind::kSendKv, 1).operation,
                                  Find(t[0], TaskKind::kSendKv, 2).operation);
                      }),
              HasSubstr("differ in their members"));
}

/// A mixed step on kMesh, its templates and bindings.
struct BoundStep {
  std::vector<Template> templates;
  std::vector<Bindings> bindings;
};

BoundStep Bound() {
  RandomSteps steps(17);
  const Step step =
      steps.Make({.degree = 3, .num_striped = 2, .num_mastered = 6, .num_masters = 2});
  BoundStep bound;
  bound.templates = LowerWholeGroup(NineHeads(3), kMesh, kMixed).value();
  for (std::int32_t i = 0; i < 3; ++i) bound.bindings.push_back(BindGroup(step, i));
  return bound;
}

std::string BytesRefusal(const std::function<void(std::vector<Bindings>&)>& damage) {
  BoundStep bound = Bound();
  EXPECT_TRUE(CheckGroupBytes(bound.templates, bound.bindings).ok());
  damage(bound.bindings);
  const Status status = CheckGroupBytes(bound.templates, bound.bindings);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  return status.message();
}

TEST(GroupBytes, RefusesABlockOfAnotherSizeThanExpected) {
  EXPECT_THAT(BytesRefusal([](auto& b) { b[1].halves[0].block_tokens[1] += 1; }),
              HasSubstr("which expects"));
}

TEST(GroupBytes, RefusesQueriesThatNobodyExpects) {
  EXPECT_THAT(BytesRefusal([](auto& b) { b[0].halves[0].queries_to[2] += 1; }),
              HasSubstr("bytes to rank"));
}

TEST(GroupBytes, RefusesATokenThatNobodyKeeps) {
  EXPECT_THAT(BytesRefusal([](auto& b) {
                for (Bindings& bindings : b) {
                  if (!bindings.halves[0].retained.empty()) {
                    bindings.halves[0].retained.pop_back();
                    return;
                  }
                }
              }),
              HasSubstr("are retained"));
}

TEST(GroupBytes, RefusesRowsOutsideTheHalves) {
  EXPECT_THAT(BytesRefusal([](auto& b) { b[0].tokens.push_back(1); }),
              HasSubstr("halves have 6 of 7 rows"));
  EXPECT_THAT(BytesRefusal([](auto& b) { b[0].halves[0].packed[0].count += 1; }),
              HasSubstr("of its own block"));
}

TEST(GroupBytes, RefusesADifferentNumberOfInstances) {
  BoundStep bound = Bound();
  bound.bindings.pop_back();
  bound.bindings.push_back({});
  bound.bindings.push_back({});
  EXPECT_FALSE(CheckGroupBytes(bound.templates, bound.bindings).ok());
}

}  // namespace
}  // namespace braid
