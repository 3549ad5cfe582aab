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

Request Asks(std::uint64_t id, std::int64_t arrival_ns, std::int32_t prompt, std::int32_t output) {
  return {.id = id,
          .arrival_ns = arrival_ns,
          .prompt_tokens = prompt,
          .max_output_tokens = output,
          .output_tokens = output};
}

bool Has(std::span<const Event> events, Event::Kind kind) {
  return std::any_of(events.begin(), events.end(),
                     [kind](const Event& event) { return event.kind == kind; });
}

TEST(Engine, PrefillsInChunksThenDecodesUntilTheTextEnds) {
  ScriptedEngine run(kTwo, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live) return;
    if (state.phase == Phase::kDecode) {
      EXPECT_EQ(sink.Issue(DecodePlan({0}, {0}, 0, 1'000)), Issued::kYes);
    } else {
      const std::int32_t rows = std::min(4, state.prefill_left());
      EXPECT_EQ(sink.Issue(ChunkPlan({0}, 0, {{0, rows}})), Issued::kYes);
    }
  });
  ListSource source({Asks(7, 5, 10, 4)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(run.listener.lines,
              ElementsAre("5 step 1 starts", "15 step 1 ends after 1", "15 step 2 starts",
                          "25 step 2 ends after 1", "25 step 3 starts", "35 step 3 ends after 1",
                          "35 step 4 starts", "65 step 4 ends after 3", "65 request 7 finishes"));
  EXPECT_EQ(run.engine.kv_used(), 0);
  EXPECT_TRUE(run.engine.idle());
  const EngineCounts& counts = run.engine.counts();
  EXPECT_EQ(counts.steps, 4U);
  EXPECT_EQ(counts.passes, 6U);
  EXPECT_EQ(counts.repeats, 2U);
  EXPECT_EQ(counts.plans, 5U);
}

TEST(Engine, KeepsTheTimesOfARequest) {
  std::vector<RequestState> seen;
  ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    seen.push_back(view.request(0));
    const RequestState& state = view.request(0);
    if (!state.live) return;
    // A pause of 50 ns between its second token and the others.
    if (state.generated == 2 && view.now_ns < 75) return sink.WakeAt(75);
    if (state.phase == Phase::kDecode) {
      sink.Issue(DecodePlan({0, 1}, {0}, 0, state.generated == 1 ? 1 : 100));
    } else {
      sink.Issue(ChunkPlan({0, 1}, 0, {{0, 3}, {1, 3}}));
    }
  });
  ListSource source({Asks(1, 5, 6, 4)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  const RequestState& last = seen.back();
  EXPECT_EQ(last.first_scheduled_ns, 5);
  EXPECT_EQ(last.first_token_ns, 15);
  EXPECT_EQ(last.last_token_ns, 95);
  EXPECT_EQ(last.longest_gap_ns, 60) << "25 to 85";
  EXPECT_EQ(last.prefill_degree, 2);
  EXPECT_EQ(last.decode_degree, 2);
  EXPECT_EQ(last.num_chunks, 1);
}

TEST(Engine, EndsARepeatedRunAtTheNextBoundaryWhenAskedTo) {
  ScriptedEngine run(kTwo,
                     [](const EngineView& view, std::span<const Event> events, StepSink& sink) {
                       ServeOneByOne(view, sink);
                       for (const Event& event : events) {
                         if (event.kind != Event::Kind::kArrival || event.request == 0) continue;
                         sink.Stop(view.request(0).step);
                         sink.Stop(view.request(0).step);  // once more changes nothing
                       }
                     });
  ListSource source({Asks(0, 0, 5, 50), Asks(1, 43, 5, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(run.listener.lines, ::testing::Contains("50 step 2 ends after 4"));
  EXPECT_EQ(run.engine.counts().finished, 2U);
}

TEST(Engine, ContinuesARunWithoutPlanningWhereOnlyItsSlotsWereLimited) {
  EngineOptions options = kTwo;
  options.longest_run = 4;
  ScriptedEngine run(options, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    ServeOneByOne(view, sink);
  });
  ListSource source({Asks(0, 0, 5, 20)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  // Arrival, end of the prefill, end of the last token.
  EXPECT_EQ(run.planner.calls, 3);
  EXPECT_EQ(run.engine.counts().steps, 2U);
  EXPECT_EQ(run.engine.counts().passes, 20U);
  EXPECT_EQ(run.engine.counts().repeats, 18U);
  EXPECT_EQ(run.engine.now_ns(), 200);
}

TEST(Engine, TellsThePlannerOfAWholeRunAndListenersOfItsStretches) {
  EngineOptions options = kTwo;
  options.longest_run = 3;
  std::vector<std::int32_t> passes;
  ScriptedEngine run(options,
                     [&](const EngineView& view, std::span<const Event> events, StepSink& sink) {
                       for (const Event& event : events) {
                         if (event.kind != Event::Kind::kStepEnded) continue;
                         const RunningStep& ended = view.step(event.step);
                         passes.push_back(ended.repeats_done);
                         EXPECT_EQ(ended.end_ns - ended.start_ns, 10 * ended.repeats_done);
                       }
                       ServeOneByOne(view, sink);
                     });
  ListSource source({Asks(0, 0, 5, 9)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(passes, ElementsAre(1, 8));
  EXPECT_THAT(run.listener.lines,
              ElementsAre("0 step 1 starts", "10 step 1 ends after 1", "10 step 2 starts",
                          "40 step 2 ends after 3", "70 step 2 ends after 3",
                          "90 step 2 ends after 2", "90 request 0 finishes"));
}

TEST(Engine, GoesNoFurtherThanThePlanAllows) {
  EngineOptions options = kTwo;
  options.longest_run = 2;
  ScriptedEngine run(options, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    if (!state.live) return;
    if (state.phase == Phase::kDecode) {
      sink.Issue(DecodePlan({0}, {0}, 0, 5));
    } else {
      sink.Issue(ChunkPlan({0}, 0, {{0, 5}}));
    }
  });
  ListSource source({Asks(0, 0, 5, 12)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_EQ(run.engine.counts().steps, 4U) << "the prompt, 5 + 5 + 1 passes";
}

TEST(Engine, TellsThatMemoryIsShortAndPrefillsAgainWhatWasEvicted) {
  EngineOptions options = {.num_instances = 1, .kv_slots = 20, .max_strands = 1};
  bool told = false;
  std::vector<std::int32_t> targets;
  ScriptedEngine run(options, [&](const EngineView& view, std::span<const Event> events,
                                  StepSink& sink) {
    if (Has(events, Event::Kind::kNoMemory)) {
      told = true;
      EXPECT_EQ(view.instance(0).free(), 0);
      sink.Evict(1);
      targets.push_back(view.request(1).prefill_target);
      EXPECT_EQ(view.instance(0).free(), 10);
    }
    std::vector<RequestIndex> decoding;
    for (RequestIndex index = 0; index < std::ssize(view.requests); ++index) {
      const RequestState& state = view.request(index);
      if (!state.live || !state.idle()) continue;
      if (state.phase == Phase::kDecode) {
        decoding.push_back(index);
      } else if (sink.Issue(ChunkPlan({0}, index, {{0, state.prefill_left()}})) == Issued::kYes) {
        return;
      }
    }
    if (!decoding.empty()) sink.Issue(DecodePlan({0}, decoding, 0, 100));
  });
  ListSource source({Asks(0, 0, 5, 9), Asks(1, 0, 5, 9)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_TRUE(told);
  // Each has 5 tokens of its prompt and 5 of 6 produced ones in 10 slots when it ends.
  EXPECT_THAT(targets, ElementsAre(11));
  EXPECT_EQ(run.engine.counts().evictions, 1U);
  EXPECT_EQ(run.engine.counts().finished, 2U);
  EXPECT_EQ(run.engine.kv_used(), 0);
}

TEST(Engine, MovesKvWhenTheMoveEnds) {
  int stage = 0;
  ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    switch (stage++) {
      case 0:
        sink.Issue(ChunkPlan({0}, 0, {{0, 10}}));
        return;
      case 1:
        sink.Issue(MovePlan({0, 1}, 0, 0, {{1, 6}}));
        EXPECT_EQ(state.TokensIn(1), 0);
        EXPECT_EQ(view.instance(1).reserved, 6);
        return;
      case 2:
        EXPECT_EQ(state.TokensIn(0), 4);
        EXPECT_EQ(state.TokensIn(1), 6);
        EXPECT_EQ(view.instance(0).used, 4);
        EXPECT_EQ(state.generated, 1) << "a move produces nothing";
        sink.Issue(DecodePlan({0, 1}, {0}, 1));
        return;
      default:
        return;
    }
  });
  ListSource source({Asks(0, 0, 10, 2)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_EQ(stage, 4);
}

TEST(Engine, SwapsAllKvOfARequestOutAndIn) {
  int stage = 0;
  ScriptedEngine run(kTwo, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    const RequestState& state = view.request(0);
    switch (stage++) {
      case 0:
        sink.Issue(ChunkPlan({0, 1}, 0, {{0, 6}, {1, 4}}));
        return;
      case 1:
        EXPECT_EQ(sink.Issue(MovePlan({0, 1}, 0, 0, {{kHostMemory, 10}})), Issued::kYes);
        EXPECT_EQ(view.instance(0).used, 6) << "until it is there";
        return;
      case 2:
        EXPECT_EQ(state.phase, Phase::kSwapped);
        EXPECT_TRUE(state.owners.empty());
        EXPECT_EQ(view.instance(0).used + view.instance(1).used, 0);
        EXPECT_EQ(sink.Issue(MovePlan({1}, 0, kHostMemory, {{1, 10}})), Issued::kYes);
        EXPECT_EQ(view.instance(1).reserved, 10);
        return;
      case 3:
        EXPECT_EQ(state.phase, Phase::kDecode);
        EXPECT_EQ(state.TokensIn(1), 10);
        EXPECT_EQ(state.generated, 1);
        sink.Issue(DecodePlan({1}, {0}, 1, 10));
        return;
      default:
        return;
    }
  });
  ListSource source({Asks(0, 0, 10, 3)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_EQ(stage, 5);
  EXPECT_EQ(run.engine.kv_used(), 0);
}

TEST(Engine, RefusesAStepForWantOfSlotsOrStrandsAndNothingHappened) {
  EngineOptions options = {.num_instances = 2, .kv_slots = 10, .max_strands = 1};
  bool first = true;
  ScriptedEngine run(options, [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
    if (first) {
      first = false;
      EXPECT_EQ(sink.Issue(ChunkPlan({0, 1}, 0, {{0, 11}})), Issued::kNoSlots);
      EXPECT_EQ(view.instance(0).reserved, 0);
      EXPECT_TRUE(view.request(0).idle());
      EXPECT_EQ(sink.Issue(ChunkPlan({0}, 0, {{0, 6}})), Issued::kYes);
      EXPECT_EQ(sink.Issue(ChunkPlan({0, 1}, 1, {{1, 2}})), Issued::kNoStrand);
      EXPECT_EQ(sink.Issue(ChunkPlan({1}, 1, {{1, 2}})), Issued::kYes);
      sink.Reject(2, "no room");
      return;
    }
    for (RequestIndex index = 0; index < 2; ++index) {
      if (view.request(index).live && view.request(index).idle()) sink.Reject(index, "enough");
    }
  });
  ListSource source({Asks(0, 0, 20, 5), Asks(1, 0, 5, 5), Asks(2, 0, 5, 5)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(run.listener.lines,
              ElementsAre("0 step 1 starts", "0 step 2 starts", "0 request 2 rejected: no room",
                          "10 step 1 ends after 1", "10 step 2 ends after 1",
                          "10 request 0 rejected: enough", "10 request 1 rejected: enough"));
  EXPECT_EQ(run.engine.kv_used(), 0);
}

TEST(Engine, GivesAStepTheStrandSlotThatIsFreeOnAllItsInstances) {
  std::vector<std::int32_t> strands;
  ScriptedEngine run({.num_instances = 3, .kv_slots = 50, .max_strands = 3},
                     [&](const EngineView& view, std::span<const Event> events, StepSink& sink) {
                       if (!Has(events, Event::Kind::kArrival)) return;
                       sink.Issue(ChunkPlan({0}, 0, {{0, 2}}));
                       sink.Issue(ChunkPlan({1}, 1, {{1, 2}}));
                       sink.Issue(ChunkPlan({0, 1}, 2, {{0, 2}}));
                       sink.Issue(ChunkPlan({1, 2}, 3, {{2, 2}}));
                       for (const RunningStep& step : view.steps) {
                         if (step.live) strands.push_back(step.strand);
                       }
                     });
  ListSource source({Asks(0, 0, 2, 1), Asks(1, 0, 2, 1), Asks(2, 0, 2, 1), Asks(3, 0, 2, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(strands, ElementsAre(0, 0, 1, 2));
}

TEST(Engine, TellsOfFinishedRequestsBeforeTheStepThatEndedThem) {
  std::vector<Event::Kind> kinds;
  ScriptedEngine run(
      kTwo, [&](const EngineView& view, std::span<const Event> events, StepSink& sink) {
        for (const Event& event : events) {
          kinds.push_back(event.kind);
          if (event.kind == Event::Kind::kFinished) {
            EXPECT_FALSE(view.request(event.request).live);
            EXPECT_EQ(view.request(event.request).generated, 1) << "still to be read in this call";
          }
          if (event.kind == Event::Kind::kStepEnded) {
            EXPECT_FALSE(view.step(event.step).live);
            EXPECT_EQ(view.step(event.step).number, 1U);
          }
        }
        if (view.request(0).live) sink.Issue(ChunkPlan({0}, 0, {{0, 3}}));
      });
  ListSource source({Asks(0, 0, 3, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(kinds,
              ElementsAre(Event::Kind::kArrival, Event::Kind::kFinished, Event::Kind::kStepEnded));
}

TEST(Engine, WakesAPlannerAtItsTimeAndNotBefore) {
  std::vector<std::int64_t> woken;
  ScriptedEngine run(kTwo,
                     [&](const EngineView& view, std::span<const Event> events, StepSink& sink) {
                       if (Has(events, Event::Kind::kWake)) woken.push_back(view.now_ns);
                       if (Has(events, Event::Kind::kArrival)) {
                         sink.WakeAt(40);
                         sink.WakeAt(25);
                         sink.WakeAt(1);  // gone by: as soon as possible
                       }
                       if (view.now_ns == 40) sink.Reject(0, "late");
                     });
  ListSource source({Asks(0, 3, 3, 1)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_THAT(woken, ElementsAre(3, 25, 40));
}

TEST(Engine, LeavesOffAtATimeAndGoesOn) {
  ScriptedEngine run(kTwo, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    ServeOneByOne(view, sink);
  });
  ListSource source({Asks(0, 0, 5, 3), Asks(1, 100, 5, 3)});
  ASSERT_TRUE(run.engine.Run(source, 5).ok());
  EXPECT_EQ(run.engine.num_live(), 1U);
  EXPECT_FALSE(run.engine.idle());
  ASSERT_TRUE(run.engine.Run(source, 60).ok());
  EXPECT_EQ(run.engine.num_live(), 0U);
  EXPECT_FALSE(run.engine.idle()) << "one has yet to arrive";
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_TRUE(run.engine.idle());
  EXPECT_EQ(run.engine.counts().finished, 2U);
}

TEST(Engine, SaysThatRequestsWouldWaitForEver) {
  ScriptedEngine run(kTwo, [](const EngineView&, std::span<const Event>, StepSink&) {});
  ListSource source({Asks(0, 0, 5, 3)});
  const Status status = run.engine.Run(source);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("leaves 1 requests waiting"));
}

TEST(Engine, PassesOnWhatIsWrongWithTheSource) {
  ScriptedEngine run(kTwo, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    ServeOneByOne(view, sink);
  });
  ListSource source({Asks(0, 0, 5, 3)}, Unavailable("the trace broke off"));
  EXPECT_THAT(run.engine.Run(source).message(), HasSubstr("broke off"));
}

TEST(Engine, WritesStepsDownAsRanksGetThem) {
  std::vector<Step> steps;
  Engine* engine = nullptr;
  int stage = 0;
  const auto note = [&](const EngineView& view) {
    steps.push_back(engine->StepOf(view.instance(1).steps.back()));
  };
  ScriptedEngine run({.num_instances = 3, .kv_slots = 100, .max_strands = 2},
                     [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
                       StepPlan plan = ChunkPlan({0, 1, 2}, 0, {{1, 3}, {2, 5}});
                       plan.requests.front().first_member = 1;
                       plan.requests.front().num_members = 2;
                       plan.priority = 4;
                       switch (stage++) {
                         case 0:
                           sink.Issue(plan);
                           return note(view);
                         case 1:
                           // Goes from 2, the last of the group, to 0 and 1.
                           sink.Issue(MovePlan({0, 1, 2}, 0, 2, {{0, 1}, {1, 2}}));
                           return note(view);
                         case 2:
                           sink.Issue(DecodePlan({0, 1, 2}, {0}, 1));
                           return note(view);
                         default:
                           return;
                       }
                     });
  engine = &run.engine;
  ListSource source({Asks(7, 0, 8, 2)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  ASSERT_EQ(steps.size(), 3U);
  const StepLimits limits = {.vocab_size = 1,
                             .num_instances = 3,
                             .num_strand_slots = 2,
                             .num_kv_slots = 100,
                             .max_rows = 100};
  for (const Step& step : steps) {
    const Status status = ValidateStep(step, limits);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  const StepRequest& chunk = steps[0].requests.at(0);
  EXPECT_EQ(steps[0].priority, 4);
  EXPECT_EQ(chunk.id, 7U);
  EXPECT_EQ(chunk.sampled_rows, 1);
  EXPECT_THAT(chunk.ring, ElementsAre(1, 2));
  EXPECT_THAT(chunk.kv, ElementsAre(KvExtent{1, 0, 3}, KvExtent{2, 0, 5}));
  EXPECT_THAT(steps[1].instances, ElementsAre(2, 0, 1)) << "what KV leaves comes first";
  EXPECT_THAT(steps[1].moves.size(), 2);
  const StepRequest& decode = steps[2].requests.at(0);
  EXPECT_EQ(decode.first_position, 8);
  EXPECT_EQ(decode.master, 1);
  EXPECT_EQ(decode.kv.back().instance, 1);
}

TEST(Engine, WritesStepsDownWhereAllFreeSlotsAreGranted) {
  // Request 0 decodes in instance 0, whose free slots are then granted to it.
  Step step;
  Engine* engine = nullptr;
  int stage = 0;
  ScriptedEngine run({.num_instances = 1, .kv_slots = 20, .max_strands = 2},
                     [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
                       if (stage == 0) sink.Issue(ChunkPlan({0}, 0, {{0, 5}}));
                       if (stage == 1) sink.Issue(DecodePlan({0}, {0}, 0));
                       if (stage == 2) {
                         EXPECT_GT(view.request(0).granted, 0);
                         EXPECT_EQ(sink.Issue(ChunkPlan({0}, 1, {{0, 3}})), Issued::kYes);
                         step = engine->StepOf(view.request(1).step);
                       }
                       if (stage == 3) {
                         sink.Reject(0, "enough");
                         sink.Reject(1, "enough");
                       }
                       ++stage;
                     });
  engine = &run.engine;
  ListSource source({Asks(0, 0, 5, 9), Asks(1, 0, 3, 9)});
  ASSERT_TRUE(run.engine.Run(source).ok());
  ASSERT_EQ(step.requests.size(), 1U);
  EXPECT_EQ(step.requests[0].kv.size(), 1U);
}

TEST(Engine, UsesPlacesOfEndedRequestsAndStepsAgain) {
  std::vector<Request> requests;
  for (std::uint64_t id = 0; id < 200; ++id) {
    requests.push_back(Asks(id, static_cast<std::int64_t>(id) * 30, 5, 2));
  }
  ScriptedEngine run(kTwo, [](const EngineView& view, std::span<const Event>, StepSink& sink) {
    ServeOneByOne(view, sink);
  });
  ListSource source(requests);
  ASSERT_TRUE(run.engine.Run(source).ok());
  EXPECT_EQ(run.engine.counts().finished, 200U);
  EXPECT_LE(run.engine.view().requests.size(), 2U);
  EXPECT_LE(run.engine.view().steps.size(), 8U);
}

}  // namespace
}  // namespace braid
