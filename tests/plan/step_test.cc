#include "plan/step.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

constexpr StepLimits kLimits = {.vocab_size = 100,
                                .num_instances = 2,
                                .num_strand_slots = 3,
                                .num_kv_slots = 64,
                                .max_rows = 8};

/// Two requests: three tokens after two earlier ones, and one token alone.
Step TwoRequests() {
  Step step;
  step.number = 7;
  step.instances = {0};
  step.requests = {{.id = 1,
                    .first_position = 2,
                    .tokens = {5, 6, 7},
                    .sampled_rows = 1,
                    .kv = {{0, 0, 2}, {0, 10, 3}}},
                   {.id = 2, .first_position = 0, .tokens = {9}, .kv = {{0, 20, 1}}}};
  return step;
}

TEST(Step, CountsItsRows) {
  EXPECT_EQ(TwoRequests().num_rows(), 4);
  EXPECT_EQ(TwoRequests().num_sampled_rows(), 1);
}

TEST(Step, IsValidWhenEveryTokenHasItsSlot) {
  EXPECT_TRUE(ValidateStep(TwoRequests(), kLimits).ok());
}

template <typename Change>
std::string Refusal(Change change) {
  Step step = TwoRequests();
  change(step);
  return ValidateStep(step, kLimits).message();
}

TEST(Step, RefusesWhatNoRankCouldRun) {
  using ::testing::Test;
  EXPECT_EQ(Refusal([](Step& s) { s.requests.clear(); }), "step 7 has no requests");
  EXPECT_EQ(Refusal([](Step& s) { s.instances.clear(); }), "step 7 has no instances");
  EXPECT_EQ(Refusal([](Step& s) { s.instances = {2}; }), "step 7 runs on instance 2 of 2");
  EXPECT_EQ(Refusal([](Step& s) { s.slot = 3; }), "step 7 asks for strand slot 3 of 3");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].tokens[1] = 100; }),
            "step 7, request 1: token 1 is 100, outside the vocabulary of 100");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[1].tokens.clear(); }),
            "step 7, request 2: has no tokens");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].sampled_rows = 4; }),
            "step 7, request 1: samples 4 of 3 rows");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].kv[1].count = 2; }),
            "step 7, request 1: has KV slots for 4 of its 5 tokens");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].kv[1].first_slot = 62; }),
            "step 7, request 1: has a KV extent of 3 slots from slot 62; the pool has 64");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].kv[1].first_slot = 2147483647; }),
            "step 7, request 1: has a KV extent of 3 slots from slot 2147483647; the pool has 64");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[0].first_position = 2147483647; }),
            "step 7, request 1: has KV slots for 5 of its 2147483650 tokens");
  EXPECT_EQ(Refusal([](Step& s) { s.requests[1].kv[0].first_slot = 12; }),
            "step 7 uses KV slot 12 of instance 0 twice");
  EXPECT_EQ(Refusal([](Step& s) {
              s.requests[1].tokens.assign(9, 1);
              s.requests[1].kv[0].count = 9;
            }),
            "step 7 has 12 rows; at most 8 fit");
}

constexpr StepLimits kGroupLimits = {.vocab_size = 100,
                                     .num_instances = 4,
                                     .num_strand_slots = 1,
                                     .num_kv_slots = 64,
                                     .max_rows = 16};

/// A chunk over instances 3 and 1, whose KV stays in 1, and a decode mastered by 1 with KV in 3.
Step GroupStep() {
  Step step;
  step.number = 9;
  step.instances = {3, 1};
  step.requests = {
      {.id = 1, .first_position = 2, .tokens = {5, 6, 7}, .kv = {{3, 0, 2}, {1, 0, 3}}},
      {.id = 2,
       .first_position = 4,
       .tokens = {9},
       .sampled_rows = 1,
       .kv = {{3, 10, 4}, {1, 10, 1}},
       .master = 1}};
  return step;
}

template <typename Change>
std::string GroupRefusal(Change change) {
  Step step = GroupStep();
  change(step);
  return ValidateStep(step, kGroupLimits).message();
}

TEST(GroupStep, IsValidWhereKvLiesAnywhereInTheGroup) {
  EXPECT_TRUE(ValidateStep(GroupStep(), kGroupLimits).ok());
  EXPECT_TRUE(GroupStep().IsStriped(GroupStep().requests[0]));
  EXPECT_FALSE(GroupStep().IsStriped(GroupStep().requests[1]));
  EXPECT_EQ(GroupStep().RingIndex(1), 1);
  EXPECT_EQ(GroupStep().RingIndex(2), -1);
}

TEST(GroupStep, RefusesWhatNoGroupCouldRun) {
  EXPECT_EQ(GroupRefusal([](Step& s) {
              s.instances = {3, 1, 3};
            }),
            "step 9 has instance 3 twice in its group");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.requests[0].kv[0].instance = 2; }),
            "step 9, request 1: keeps KV in instance 2, which is not of the step's group");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.requests[1].master = 0; }),
            "step 9, request 2: has master 0, which is not of the step's group");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.requests[1].master = 3; }),
            "step 9, request 2: keeps KV of its new tokens in instance 1; its master is 3");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.requests[1].ring = {1}; }),
            "step 9, request 2: has both a master and a ring; leave one out");
  EXPECT_EQ(GroupRefusal([](Step& s) {
              s.requests[0].ring = {1, 3};
            }),
            "step 9, request 1: has a ring that is not in the order of the group");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.requests[0].ring = {0}; }),
            "step 9, request 1: has instance 0 in its ring, which is not of the step's group");
  EXPECT_EQ(GroupRefusal([](Step& s) { s.predicted_ns = -1; }),
            "step 9 is predicted to take -1 ns; a time is not negative");
  EXPECT_EQ(GroupRefusal([](Step& s) {
              s.moves = {{.request = 1, .from = {3, 0, 1}, .to = {1, 40, 1}}};
            }),
            "step 9 has both requests and moves of KV; make it two steps");
}

Step MoveStep() {
  Step step;
  step.number = 4;
  step.instances = {0, 2, 1};
  step.moves = {{.request = 1, .from = {0, 0, 5}, .to = {1, 10, 5}},
                {.request = 2, .from = {2, 0, 3}, .to = {1, 20, 3}}};
  return step;
}

template <typename Change>
std::string MoveRefusal(Change change) {
  Step step = MoveStep();
  change(step);
  return ValidateStep(step, kGroupLimits).message();
}

TEST(MoveStep, IsValidWhereSourcesComeFirst) {
  EXPECT_TRUE(ValidateStep(MoveStep(), kGroupLimits).ok());
}

TEST(MoveStep, RefusesWhatCannotMove) {
  EXPECT_EQ(MoveRefusal([](Step& s) {
              s.instances = {1, 0, 2};
            }),
            "step 4 must name the 2 instances that KV leaves before those that get it");
  EXPECT_EQ(MoveRefusal([](Step& s) { s.moves[0].to.count = 4; }),
            "step 4, request 1: moves 5 tokens into 4 slots");
  EXPECT_EQ(MoveRefusal([](Step& s) { s.moves[0].to.instance = 2; }),
            "step 4 moves KV both from and to instance 2; use two steps");
  EXPECT_EQ(MoveRefusal([](Step& s) { s.moves[1].to.first_slot = 14; }),
            "step 4 uses KV slot 14 of instance 1 twice");
  EXPECT_EQ(MoveRefusal([](Step& s) { s.moves[1].to.first_slot = 62; }),
            "step 4, request 2: has a KV extent of 3 slots from slot 62; the pool has 64");
  EXPECT_EQ(MoveRefusal([](Step& s) { s.moves[0].to.instance = 3; }),
            "step 4, request 1: keeps KV in instance 3, which is not of the step's group");
}

}  // namespace
}  // namespace braid
