#include "engine/engine.h"
#include "tests/engine/scripted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr EngineOptions kTwo = {.num_instances = 2, .kv_slots = 100, .max_strands = 2};

Request Asks(std::uint64_t id, std::int32_t prompt, std::int32_t output) {
  return {.id = id, .prompt_tokens = prompt, .max_output_tokens = output, .output_tokens = output};
}

bool Ended(std::span<const Event> events) {
  return std::any_of(events.begin(), events.end(),
                     [](const Event& event) { return event.kind == Event::Kind::kStepEnded; });
}

/// Prefills request 0 by two tokens a step; what it foresees after a chunk is up to the test.
struct Chunks {
  using Foreseen = std::function<StepPlan(std::int32_t chunk)>;

  explicit Chunks(Foreseen foreseen)
      : run(kTwo, [this, foreseen = std::move(foreseen)](
                      const EngineView& view, std::span<const Event> events, StepSink& sink) {
          const RequestState& state = view.request(0);
          if (Ended(events)) ++chunk;
          if (!state.live || !state.idle()) return;
          if (sink.Issue(ChunkPlan({0}, 0, {{0, 2}})) != Issued::kYes) return;
          was_foreseen.push_back(view.step(view.request(0).step).foreseen());
          const StepPlan next = foreseen(chunk);
          if (!next.requests.empty()) sink.Foresee(view.request(0).step, next);
        }) {}

  Status Serve(std::int32_t prompt) {
    ListSource source({Asks(1, prompt, 1)});
    return run.engine.Run(source);
  }

  std::int32_t chunk = 0;
  std::vector<bool> was_foreseen;
  ScriptedEngine run;
};

TEST(Foresee, CountsAStepThatComesAsForetold) {
  Chunks chunks([](std::int32_t) {
    StepPlan plan = ChunkPlan({0}, 0, {{0, 2}});
    plan.predicted_ns = 12'345;  // another prediction is the same work
    return plan;
  });
  ASSERT_TRUE(chunks.Serve(6).ok());
  EXPECT_THAT(chunks.was_foreseen, ElementsAre(false, true, true));
  EXPECT_EQ(chunks.run.engine.counts().forecasts, 3U) << "after the last chunk nothing comes";
  EXPECT_EQ(chunks.run.engine.counts().foreseen, 2U);
}

TEST(Foresee, CountsNothingWhereNothingIsForetold) {
  Chunks chunks([](std::int32_t) { return StepPlan(); });
  ASSERT_TRUE(chunks.Serve(6).ok());
  EXPECT_THAT(chunks.was_foreseen, ElementsAre(false, false, false));
  EXPECT_EQ(chunks.run.engine.counts().forecasts, 0U);
}

TEST(Foresee, DoesNotCountAStepOfOtherWork) {
  const std::vector<std::function<void(StepPlan&)>> changes = {
      [](StepPlan& plan) {
        plan.instances = {0, 1};
      },
      [](StepPlan& plan) { plan.requests.front().rows = 1; },
      [](StepPlan& plan) { plan.requests.front().request = 1; },
      [](StepPlan& plan) { plan.requests.front().decode = true; },
      [](StepPlan& plan) { plan.requests.front().master = 1; },
      [](StepPlan& plan) { plan.requests.front().num_members = 1; },
      [](StepPlan& plan) { plan.requests.push_back(plan.requests.front()); },
      [](StepPlan& plan) {
        plan.shares = {{0, 1}, {0, 1}};
      },
      [](StepPlan& plan) { plan.overlap = OverlapMode::kLanes; },
      [](StepPlan& plan) { plan.priority = 1; },
      [](StepPlan& plan) { plan.max_repeats = 2; },
      [](StepPlan& plan) { plan.period_ns = 1; },
      [](StepPlan& plan) { plan.move = true; },
      [](StepPlan& plan) { plan.exchange_in_turn = true; },
      [](StepPlan& plan) { plan.queries_to_all = true; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Chunks chunks([&](std::int32_t) {
      StepPlan plan = ChunkPlan({0}, 0, {{0, 2}});
      changes[i](plan);
      return plan;
    });
    ASSERT_TRUE(chunks.Serve(6).ok());
    EXPECT_THAT(chunks.was_foreseen, ElementsAre(false, false, false)) << "change " << i;
    EXPECT_EQ(chunks.run.engine.counts().forecasts, 3U);
  }
}

TEST(Foresee, KeepsTheLastForecastOfAStep) {
  bool first_is_right = false;
  const auto serve = [&] {
    std::vector<bool> foreseen;
    ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
      if (!view.request(0).live || !view.request(0).idle()) return;
      sink.Issue(ChunkPlan({0}, 0, {{0, 2}}));
      const StepIndex step = view.request(0).step;
      foreseen.push_back(view.step(step).foreseen());
      sink.Foresee(step, ChunkPlan({0}, 0, {{0, first_is_right ? 2 : 1}}));
      sink.Foresee(step, ChunkPlan({0}, 0, {{0, first_is_right ? 1 : 2}}));
    });
    ListSource source({Asks(1, 4, 1)});
    EXPECT_TRUE(run.engine.Run(source).ok());
    EXPECT_EQ(run.engine.counts().forecasts, 2U) << "one per step";
    return foreseen;
  };
  EXPECT_THAT(serve(), ElementsAre(false, true));
  first_is_right = true;
  EXPECT_THAT(serve(), ElementsAre(false, false));
}

TEST(Foresee, ComesTrueOnceAndOnlyInTheCallThatHearsOfTheEnd) {
  std::vector<bool> foreseen;
  int call = 0;
  ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const auto issue = [&](RequestIndex request, std::int32_t instance) {
      ASSERT_EQ(sink.Issue(ChunkPlan({instance}, request, {{instance, 2}})), Issued::kYes);
      foreseen.push_back(view.step(view.request(request).step).foreseen());
    };
    switch (call++) {
      case 0:
        issue(0, 0);
        sink.Foresee(view.request(0).step, ChunkPlan({1}, 1, {{1, 2}}));
        sink.WakeAt(view.now_ns + 1);
        return;
      case 1:  // before the end: not yet due
        issue(1, 1);
        return;
      case 2:  // step 1 ended; what it foresaw is under way already
        issue(0, 0);
        return;
      case 3:  // step 2 ended: nothing was foreseen after it
        issue(1, 1);
        return;
      default:
        return;
    }
  });
  ListSource source({Asks(1, 4, 1), Asks(2, 4, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(foreseen, ElementsAre(false, false, false, false));
}

TEST(Foresee, IsNotTakenInByARequestThatBeganAnew) {
  bool foreseen = true;
  int call = 0;
  ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    if (!view.request(0).live || !view.request(0).idle()) return;
    if (call == 1) sink.Evict(0);
    sink.Issue(ChunkPlan({0}, 0, {{0, 2}}));
    if (call == 1) foreseen = view.step(view.request(0).step).foreseen();
    if (call++ == 0) sink.Foresee(view.request(0).step, ChunkPlan({0}, 0, {{0, 2}}));
  });
  ListSource source({Asks(1, 4, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_FALSE(foreseen);
}

TEST(Foresee, OutlivesTheStretchesOfARepeatedStep) {
  // A run of 1,000 passes goes on in stretches of eight; the forecast is for its end.
  EngineOptions options = kTwo;
  options.longest_run = 8;
  std::vector<bool> foreseen;
  ScriptedEngine run(options, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (state.live && state.idle()) {
      if (state.phase != Phase::kDecode) {
        sink.Issue(ChunkPlan({0}, 0, {{0, 2}}));
        return;
      }
      sink.Issue(DecodePlan({0}, {0}, 0, 1'000));
      sink.Foresee(view.request(0).step, ChunkPlan({0}, 1, {{0, 2}}));
    } else if (!state.live && view.request(1).live && view.request(1).idle()) {
      sink.Issue(ChunkPlan({0}, 1, {{0, 2}}));
      foreseen.push_back(view.step(view.request(1).step).foreseen());
    }
  });
  ListSource source({Asks(1, 2, 30), Asks(2, 2, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(foreseen, ElementsAre(true));
}

TEST(Foresee, EndsTheRunWhereThePolicyNamesNoStep) {
  ScriptedEngine run(kTwo, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    if (view.request(0).idle()) sink.Issue(ChunkPlan({0}, 0, {{0, 2}}));
    sink.Foresee(99, ChunkPlan({0}, 0, {{0, 2}}));
  });
  ListSource source({Asks(1, 4, 1)});
  EXPECT_THAT(run.engine.Run(source).message(),
              HasSubstr("foresees what follows a step at place 99"));
}

}  // namespace
}  // namespace braid
