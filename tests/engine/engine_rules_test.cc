// Every rule that a plan has to obey, broken once.
#include "tests/engine/scripted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace braid {
namespace {

using ::testing::HasSubstr;

/// Three instances; when the planner breaks a rule
///   request 0 (id 10) has 6 of its 20 tokens in instance 0 and 4 in instance 1,
///   request 1 (id 11) decodes and has its 5 tokens in instance 0,
///   request 2 (id 12) is in a step,
///   place 3 is of a request that finished.
struct Broken {
  std::string name;
  std::function<void(StepSink&)> act;
  std::string message;

  friend std::ostream& operator<<(std::ostream& out, const Broken& rule) {
    return out << rule.name;
  }
};

Broken ByPlan(std::string name, StepPlan plan, std::string message) {
  return {std::move(name), [plan = std::move(plan)](StepSink& sink) { sink.Issue(plan); },
          std::move(message)};
}

StepPlan With(StepPlan plan, const std::function<void(StepPlan&)>& change) {
  change(plan);
  return plan;
}

std::vector<Broken> BrokenPlans() {
  const StepPlan chunk = ChunkPlan({0, 1}, 0, {{0, 2}, {1, 2}});
  const StepPlan decode = DecodePlan({0}, {1}, 0);
  const StepPlan move = MovePlan({0, 1}, 0, 0, {{1, 3}});
  const auto chunk_with = [&](const std::function<void(StepPlan&)>& change) {
    return With(chunk, change);
  };
  return {
      ByPlan("NoRequests", With(decode, [](StepPlan& p) { p.requests.clear(); }),
             "without requests or instances"),
      ByPlan("NoInstances", With(decode, [](StepPlan& p) { p.instances.clear(); }),
             "without requests or instances"),
      ByPlan("UnknownInstance",
             With(decode,
                  [](StepPlan& p) {
                    p.instances = {0, 3};
                  }),
             "instance 3, which does not exist or is named twice"),
      ByPlan("InstanceTwice",
             With(decode,
                  [](StepPlan& p) {
                    p.instances = {0, 1, 0};
                  }),
             "instance 0, which does not exist or is named twice"),
      ByPlan("UnknownRequest", DecodePlan({0}, {9}, 0), "request at place 9 of step 7: no such"),
      ByPlan("NegativeRequest", DecodePlan({0}, {kNoIndex}, 0), "at place -1"),
      ByPlan("EndedRequest", DecodePlan({0}, {3}, 0), "no such request"),
      ByPlan("BusyRequest", DecodePlan({2}, {2}, 2), "request 12 of step 7: it is in another step"),
      ByPlan("RequestTwice", DecodePlan({0}, {1, 1}, 0), "names request 11 twice in step 7"),
      ByPlan("OwnerLeftOut", chunk_with([](StepPlan& p) {
               p.instances = {0, 2};
             }),
             "instance 1 holds KV of it but is not in the group"),
      ByPlan("KvOutsideTheGroup", chunk_with([](StepPlan& p) { p.shares[1].instance = 2; }),
             "its KV is to stay outside the group"),
      ByPlan("NegativeShare", chunk_with([](StepPlan& p) {
               p.shares[0].tokens = 5;
               p.shares[1].tokens = -1;
             }),
             "its KV is to stay outside the group"),
      ByPlan("SharesBeyondTheStep", chunk_with([](StepPlan& p) { p.requests[0].num_shares = 3; }),
             "reach beyond those of the step"),
      ByPlan("RingBeyondTheGroup", chunk_with([](StepPlan& p) {
               p.requests[0].first_member = 1;
               p.requests[0].num_members = 2;
             }),
             "reach beyond those of the step"),
      ByPlan("SharesThatDoNotAddUp", chunk_with([](StepPlan& p) { p.requests[0].rows = 5; }),
             "the shares of its chunk do not add up"),
      ByPlan("ChunkTooLong", ChunkPlan({0, 1}, 0, {{0, 11}}),
             "a chunk of 11 tokens where 10 are left"),
      ByPlan("EmptyChunk", ChunkPlan({0, 1}, 0, {}), "a chunk of 0 tokens"),
      ByPlan("RepeatedChunk", chunk_with([](StepPlan& p) { p.max_repeats = 2; }),
             "only decode passes can be repeated"),
      ByPlan("PrefilledAgain", ChunkPlan({0}, 1, {{0, 1}}), "it is prefilled already"),
      ByPlan("DecodedTooEarly", DecodePlan({0, 1}, {0}, 0), "decodes before its prefill ended"),
      ByPlan("MasterOutsideTheGroup", DecodePlan({0}, {1}, 1), "its master is not in the group"),
      ByPlan("DecodeWithShares",
             With(decode,
                  [](StepPlan& p) {
                    p.shares = {{0, 1}};
                    p.requests[0].num_shares = 1;
                  }),
             "its new KV stays with its master"),
      ByPlan("MoveOfWhatIsNotThere", MovePlan({0, 1}, 0, 0, {{1, 7}}),
             "a move of tokens that are not there"),
      ByPlan("MoveThatLosesTokens", With(move, [](StepPlan& p) { p.requests[0].rows = 4; }),
             "a move of tokens that are not there"),
      ByPlan("MoveOfNothing", MovePlan({0, 1}, 0, 0, {}), "a move of tokens that are not there"),
      ByPlan("MoveToWhereItIs", MovePlan({0, 1}, 0, 0, {{1, 1}, {0, 2}}),
             "a move to where its KV is"),
      ByPlan("RepeatedMove", With(move, [](StepPlan& p) { p.max_repeats = 2; }),
             "only decode passes can be repeated"),
      ByPlan("SwapOfAPart", MovePlan({0, 1}, 0, 0, {{kHostMemory, 9}}),
             "a swap of KV that is not there"),
      ByPlan("SwapInOfWhatIsHere", MovePlan({0, 1}, 0, kHostMemory, {{0, 10}}),
             "a swap of KV that is not there"),
      ByPlan("SwapInElsewhere", MovePlan({0, 1}, 0, kHostMemory, {{2, 10}}),
             "its KV is to come back outside the group"),
      {"EvictsABusyRequest", [](StepSink& sink) { sink.Evict(2); },
       "evicts request 12, which is in a step"},
      {"EvictsNobody", [](StepSink& sink) { sink.Evict(3); }, "evicts a request at place 3"},
      {"RejectsABusyRequest", [](StepSink& sink) { sink.Reject(2, "why"); },
       "rejects request 12, which is in a step"},
      {"RejectsTwice",
       [](StepSink& sink) {
         sink.Reject(0, "why");
         sink.Reject(0, "why");
       },
       "rejects a request at place 0"},
      {"StopsNothing", [](StepSink& sink) { sink.Stop(99); }, "stops a step at place 99"},
      {"OnlyTheFirstCounts",
       [](StepSink& sink) {
         sink.Evict(2);
         sink.Issue(StepPlan());
         sink.Reject(77, "why");
       },
       "evicts request 12"},
  };
}

class EngineRules : public ::testing::TestWithParam<Broken> {};

TEST_P(EngineRules, EndTheRunWithAMessage) {
  const Broken& broken = GetParam();
  int call = 0;
  ScriptedEngine run({.num_instances = 3, .kv_slots = 100, .max_strands = 2},
                     [&](const EngineView&, std::span<const Event>, StepSink& sink) {
                       switch (call++) {
                         case 0:
                           sink.Issue(ChunkPlan({0, 1}, 0, {{0, 6}, {1, 4}}));
                           sink.Issue(ChunkPlan({0}, 1, {{0, 5}}));
                           sink.Issue(ChunkPlan({2}, 2, {{2, 5}}));
                           sink.Issue(ChunkPlan({2}, 3, {{2, 5}}));
                           return;
                         case 1:
                           sink.Issue(DecodePlan({2}, {2}, 2));
                           sink.WakeAt(15);
                           return;
                         default:
                           EXPECT_EQ(sink.Issue(ChunkPlan({1}, 4, {{1, 1}})), Issued::kYes);
                           broken.act(sink);
                           return;
                       }
                     });
  const auto asks = [](std::uint64_t id, std::int32_t prompt, std::int32_t output) {
    return Request{
        .id = id, .prompt_tokens = prompt, .max_output_tokens = output, .output_tokens = output};
  };
  ListSource source(
      {asks(10, 20, 5), asks(11, 5, 5), asks(12, 5, 5), asks(13, 5, 1), asks(14, 5, 5)});
  const Status status = run.engine.Run(source);
  EXPECT_EQ(call, 3);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr(broken.message));
}

std::string NameOf(const ::testing::TestParamInfo<Broken>& rule) { return rule.param.name; }

INSTANTIATE_TEST_SUITE_P(WhenBroken, EngineRules, ::testing::ValuesIn(BrokenPlans()), NameOf);

}  // namespace
}  // namespace braid
