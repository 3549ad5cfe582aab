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

}  // namespace
}  // namespace braid
