// A policy that goes round in circles ends with a message; one that is only slow does not.
#include "engine/engine.h"
#include "tests/engine/scripted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace braid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr EngineOptions kTwo = {.num_instances = 2, .kv_slots = 20'000, .max_strands = 2};
/// Of one live request.
constexpr int kMostTurns = 1'000 + 100;

Request Asks(std::uint64_t id, std::int32_t prompt, std::int32_t output) {
  return {.id = id, .prompt_tokens = prompt, .max_output_tokens = output, .output_tokens = output};
}

/// Lets a policy serve one request.
Status Serve(const ScriptedPlanner::Script& script, std::int32_t prompt = 8,
             std::int32_t output = 4) {
  ScriptedEngine run(kTwo, script);
  ListSource source({Asks(7, prompt, output)});
  return run.engine.Run(source);
}

/// The next thing to do with a request that is not in a step: prefill whole, then decode.
void GoOn(const EngineView& view, StepSink& sink, std::int32_t instance = 0) {
  const RequestState& state = view.request(0);
  if (state.phase == Phase::kDecode) {
    sink.Issue(DecodePlan({instance}, {0}, instance));
  } else {
    sink.Issue(ChunkPlan({instance}, 0, {{instance, state.prefill_left()}}));
  }
}

TEST(Progress, EndsAPolicyThatSwapsOutAndInForEver) {
  const Status status = Serve([](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live || !state.idle()) return;
    if (state.phase == Phase::kSwapped) {
      sink.Issue(MovePlan({0}, 0, kHostMemory, {{0, state.kv_tokens}}));
    } else if (state.phase == Phase::kDecode) {
      sink.Issue(MovePlan({0}, 0, 0, {{kHostMemory, state.kv_tokens}}));
    } else {
      GoOn(view, sink);
    }
  });
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("since step 1,"), HasSubstr("1101 steps were issued after it"),
                    HasSubstr("(1101 moves of KV)"), HasSubstr("report it")));
}

TEST(Progress, EndsAPolicyThatMovesKvToAndFro) {
  const Status status = Serve([](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live || !state.idle()) return;
    if (state.phase != Phase::kDecode) return GoOn(view, sink);
    const std::int32_t from = state.owners.front().instance;
    sink.Issue(MovePlan({0, 1}, 0, from, {{1 - from, state.kv_tokens}}));
  });
  EXPECT_THAT(status.message(), HasSubstr("(1101 moves of KV)"));
}

TEST(Progress, EndsAPolicyThatEvictsWhatItHasPrefilled) {
  // Half the prompt, again and again: tokens are computed, none that is new.
  const Status status = Serve([](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live || !state.idle()) return;
    if (state.kv_tokens > 0) sink.Evict(0);
    sink.Issue(ChunkPlan({0}, 0, {{0, 4}}));
  });
  EXPECT_THAT(status.message(), AllOf(HasSubstr("since step 1,"), HasSubstr("1101 evictions")));
}

TEST(Progress, EndsAPolicyThatWakesAndDoesNothing) {
  for (const std::int64_t pause : {0, 5}) {
    const Status status = Serve([&](const EngineView& view, std::span<const Event>,
                                    StepSink& sink) { sink.WakeAt(view.now_ns + pause); });
    EXPECT_THAT(status.message(), HasSubstr("1101 calls in which nothing ran"));
  }
}

TEST(Progress, EndsAPolicyThatWakesAtOnceWhileAStepRuns) {
  const Status status = Serve([](const EngineView& view, std::span<const Event>, StepSink& sink) {
    if (view.request(0).idle()) GoOn(view, sink);
    sink.WakeAt(view.now_ns);
  });
  EXPECT_THAT(status.message(), HasSubstr("calls in which nothing ran"));
}

TEST(Progress, EndsAPolicyThatWakesWhenAllIsDone) {
  const Status status = Serve([](const EngineView& view, std::span<const Event>, StepSink& sink) {
    if (view.request(0).live && view.request(0).idle()) GoOn(view, sink);
    sink.WakeAt(view.now_ns + 10);
  });
  EXPECT_THAT(status.message(), HasSubstr("for 0 live requests"));
}

TEST(Progress, LetsAPolicyPollWhileALongStepRuns) {
  // Steps take 10 ns: a poll at every nanosecond, through thousands of steps.
  const Status status = Serve(
      [](const EngineView& view, std::span<const Event>, StepSink& sink) {
        if (!view.request(0).live) return;
        if (view.request(0).idle()) GoOn(view, sink);
        sink.WakeAt(view.now_ns + 1);
      },
      8, 3'000);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Progress, LetsAPolicyComputeALongContextAgainTokenByToken) {
  // Far more steps than circles may have, but each is a part of the way.
  int evictions = 0;
  const Status status = Serve(
      [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
        const RequestState& state = view.request(0);
        if (!state.live || !state.idle()) return;
        if (state.prefill_left() == 1 && evictions < 3) {
          ++evictions;
          sink.Evict(0);
        }
        if (state.phase == Phase::kDecode) return GoOn(view, sink);
        sink.Issue(ChunkPlan({0}, 0, {{0, 1}}));
      },
      5 * kMostTurns);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(evictions, 3);
}

TEST(Progress, LetsAPolicyMoveOftenBetweenTwoTokens) {
  int moves = 0;
  const Status status = Serve([&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live || !state.idle()) return;
    if (state.phase != Phase::kDecode) return GoOn(view, sink);
    const std::int32_t home = state.owners.front().instance;
    if (moves++ % kMostTurns == kMostTurns - 1) return GoOn(view, sink, home);
    sink.Issue(MovePlan({0, 1}, 0, home, {{1 - home, state.kv_tokens}}));
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_GT(moves, 3 * kMostTurns - 1);
}

}  // namespace
}  // namespace braid
