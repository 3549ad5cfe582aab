// Ranks get a step's slots when it is issued: no two steps have the same, and the engine books
// exactly those.
#include "engine/engine.h"
#include "tests/engine/scripted.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace braid {
namespace {

using Slot = std::pair<std::int32_t, std::int32_t>;  // instance, slot

std::vector<Slot> SlotsOf(const std::vector<KvExtent>& extents) {
  std::vector<Slot> slots;
  for (const KvExtent& extent : extents) {
    for (std::int32_t i = 0; i < extent.count; ++i) {
      slots.emplace_back(extent.instance, extent.first_slot + i);
    }
  }
  return slots;
}

/// Issues whatever the rules allow: chunks over several instances, runs of decode passes by
/// changing masters, moves, swaps, evictions, stops.
class AnythingGoes final : public Planner {
 public:
  AnythingGoes(std::uint64_t seed, std::int32_t num_instances)
      : random_(seed), num_instances_(num_instances) {}

  void Plan(const EngineView& view, std::span<const Event>, StepSink& sink) override {
    for (RequestIndex index = 0; index < std::ssize(view.requests); ++index) {
      const RequestState& state = view.request(index);
      if (!state.live) continue;
      if (!state.idle()) {
        if (Below(10) == 0) sink.Stop(state.step);
        continue;
      }
      if (Below(40) == 0 && state.phase != Phase::kWaiting) sink.Evict(index);
      if (Below(3) > 0) IssueAny(view, index, sink);
    }
    // Somebody may wait for slots that others have: one of them begins anew.
    if (std::none_of(view.steps.begin(), view.steps.end(),
                     [&](const RunningStep& step) { return step.live; })) {
      MakeRoom(view, sink);
    }
    if (std::any_of(view.requests.begin(), view.requests.end(),
                    [](const RequestState& state) { return state.live; })) {
      sink.WakeAt(view.now_ns + 7);
    }
  }

 private:
  std::int32_t Below(std::int64_t bound) {
    return static_cast<std::int32_t>(random_() % static_cast<std::uint64_t>(bound));
  }

  void MakeRoom(const EngineView& view, StepSink& sink) {
    for (RequestIndex index = 0; index < std::ssize(view.requests); ++index) {
      const RequestState& state = view.request(index);
      if (state.live && state.idle() && state.kv_tokens > 0 && Below(3) == 0) sink.Evict(index);
    }
  }

  std::vector<std::int32_t> GroupOf(const RequestState& state) {
    std::vector<std::int32_t> group;
    for (std::int32_t instance = 0; instance < num_instances_; ++instance) {
      if (state.TokensIn(instance) > 0 || Below(2) == 0) group.push_back(instance);
    }
    if (group.empty()) group.push_back(Below(num_instances_));
    return group;
  }

  void IssueAny(const EngineView& view, RequestIndex index, StepSink& sink) {
    const RequestState& state = view.request(index);
    const std::vector<std::int32_t> group = GroupOf(state);
    const std::int32_t any = group[static_cast<std::size_t>(Below(std::ssize(group)))];
    if (state.phase == Phase::kSwapped) {
      const std::int32_t half = state.kv_tokens / 2;
      sink.Issue(MovePlan(group, index, kHostMemory,
                          {{any, half}, {group.front(), state.kv_tokens - half}}));
    } else if (!state.owners.empty() && Below(25) == 0) {
      sink.Issue(
          MovePlan(group, index, state.owners.front().instance, {{kHostMemory, state.kv_tokens}}));
    } else if (!state.owners.empty() && Below(6) == 0) {
      const KvShare owner = state.owners.back();
      if (owner.instance == any) return;
      sink.Issue(MovePlan(group, index, owner.instance, {{any, 1 + Below(owner.tokens)}}));
    } else if (state.phase == Phase::kDecode) {
      StepPlan plan = DecodePlan(group, {index}, any, 1 + Below(100));
      Join(view, index, plan);
      sink.Issue(plan);
    } else {
      const std::int32_t rows = 1 + Below(state.prefill_left());
      const std::int32_t first = Below(rows + 1);
      sink.Issue(ChunkPlan(group, index, {{any, first}, {group.back(), rows - first}}));
    }
  }

  /// Others decode with it where the group holds their KV.
  void Join(const EngineView& view, RequestIndex first, StepPlan& plan) {
    for (RequestIndex index = first + 1; index < std::ssize(view.requests); ++index) {
      const RequestState& state = view.request(index);
      const bool may =
          state.live && state.idle() && state.phase == Phase::kDecode &&
          std::all_of(state.owners.begin(), state.owners.end(), [&](const KvShare& owner) {
            return std::count(plan.instances.begin(), plan.instances.end(), owner.instance) > 0;
          });
      if (!may) continue;
      plan.requests.push_back({.request = index, .decode = true, .master = plan.instances.front()});
    }
  }

  std::mt19937_64 random_;
  std::int32_t num_instances_;
};

/// Holds every step to what StepOf said when it was issued.
class SlotKeeper final : public EngineListener {
 public:
  const Engine* engine = nullptr;
  int steps = 0;
  int beside = 0;  ///< steps that ran while another began

  void OnStarted(const EngineView& view, StepIndex index) override {
    ++steps;
    promised_[view.step(index).number] = engine->StepOf(index);
    std::map<Slot, std::uint64_t> taken;
    for (const RequestState& state : view.requests) {
      if (!state.live) continue;
      for (const Slot& slot : SlotsOf(state.extents)) {
        ASSERT_TRUE(taken.emplace(slot, state.request.id).second) << "a slot of two requests";
      }
    }
    int running = 0;
    for (StepIndex other = 0; other < std::ssize(view.steps); ++other) {
      if (!view.step(other).live) continue;
      ++running;
      for (const Slot& slot : NewSlots(view, other)) {
        ASSERT_TRUE(taken.emplace(slot, 0).second)
            << "step " << view.step(other).number << " fills slot " << slot.second
            << " of instance " << slot.first << ", which is not free";
      }
    }
    beside += running > 1 ? 1 : 0;
  }

  void OnEnded(const EngineView& view, StepIndex index) override {
    const RunningStep& ended = view.step(index);
    const auto promised = promised_.find(ended.number);
    if (promised == promised_.end()) return;  // a later stretch of a run
    const Step step = promised->second;
    promised_.erase(promised);
    for (const StepRequest& request : step.requests) {
      const std::vector<Slot> said = SlotsOf(request.kv);
      const std::vector<Slot> now = SlotsOf(StateOf(view, ended, request.id).extents);
      ASSERT_GE(now.size(), said.size());
      ASSERT_TRUE(std::equal(said.begin(), said.end(), now.begin())) << "step " << step.number;
      if (!ended.plan.requests.front().decode) {
        ASSERT_EQ(now.size(), said.size());
      }
    }
    for (const KvMove& move : step.moves) {
      const std::vector<Slot> now = SlotsOf(StateOf(view, ended, move.request).extents);
      const std::vector<Slot> to = SlotsOf({move.to});
      ASSERT_NE(std::search(now.begin(), now.end(), to.begin(), to.end()), now.end());
    }
  }

 private:
  /// Runs hold the slots of their later passes, too, and swaps those of what comes back.
  std::set<Slot> NewSlots(const EngineView& view, StepIndex index) const {
    std::set<Slot> slots;
    const Step step = engine->StepOf(index);
    for (const StepRequest& request : step.requests) {
      const std::vector<Slot> all = SlotsOf(request.kv);
      slots.insert(all.end() - std::ssize(request.tokens), all.end());
    }
    for (const KvMove& move : step.moves) {
      const std::vector<Slot> all = SlotsOf({move.to});
      slots.insert(all.begin(), all.end());
    }
    for (const PlannedRequest& planned : view.step(index).plan.requests) {
      const std::vector<Slot> all = SlotsOf(HeldBy(view.request(planned.request)));
      slots.insert(all.begin(), all.end());
    }
    return slots;
  }

  static const RequestState& StateOf(const EngineView& view, const RunningStep& step,
                                     std::uint64_t id) {
    for (const PlannedRequest& planned : step.plan.requests) {
      if (view.request(planned.request).request.id == id) return view.request(planned.request);
    }
    ADD_FAILURE() << "no request " << id << " in step " << step.number;
    return view.requests.front();
  }

  std::map<std::uint64_t, Step> promised_;  ///< by number
};

TEST(SlotsAtIssue, BelongToOneStepAndAreThoseThatTheEngineBooks) {
  int steps = 0;
  int beside = 0;
  for (const std::int64_t kv_slots : {60, 150, 1'000}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      AnythingGoes planner(seed, 3);
      EvenExecutor executor;
      SlotKeeper keeper;
      Engine engine({.num_instances = 3, .kv_slots = kv_slots, .max_strands = 3}, planner, executor,
                    keeper);
      keeper.engine = &engine;
      std::mt19937_64 random(seed + 100);
      std::vector<Request> requests;
      for (std::uint64_t id = 0; id < 40; ++id) {
        const auto output = static_cast<std::int32_t>(1 + random() % 30);
        requests.push_back({.id = id,
                            .arrival_ns = static_cast<std::int64_t>(id) * 20,
                            .prompt_tokens = static_cast<std::int32_t>(1 + random() % 25),
                            .max_output_tokens = output,
                            .output_tokens = output});
      }
      ListSource source(requests);
      const Status status = engine.Run(source, 20'000);
      ASSERT_TRUE(status.ok()) << status.ToString();
      if (::testing::Test::HasFatalFailure()) return;
      steps += keeper.steps;
      beside += keeper.beside;
      EXPECT_GT(engine.counts().finished, 15U) << kv_slots << " slots, seed " << seed;
    }
  }
  EXPECT_GT(steps, 2'000);
  EXPECT_GT(beside, 1'000);
}

TEST(SlotsAtIssue, OfARunStayTheSameWhileOthersComeAndGo) {
  Step first;
  Step later;
  Engine* engine = nullptr;
  int stage = 0;
  ScriptedEngine run({.num_instances = 1, .kv_slots = 400, .max_strands = 2},
                     [&](const EngineView& view, std::span<const Event>, StepSink& sink) {
                       if (stage == 0) sink.Issue(ChunkPlan({0}, 0, {{0, 5}}));
                       if (stage == 1) {
                         sink.Issue(DecodePlan({0}, {0}, 0, 50));
                         first = engine->StepOf(view.request(0).step);
                         EXPECT_EQ(sink.Issue(ChunkPlan({0}, 1, {{0, 300}})), Issued::kYes);
                       }
                       if (stage == 2) later = engine->StepOf(view.request(0).step);
                       if (stage >= 2) {
                         for (const RequestIndex index : {0, 1}) {
                           if (view.request(index).live && view.request(index).idle()) {
                             sink.Reject(index, "enough");
                           }
                         }
                       }
                       ++stage;
                     });
  engine = &run.engine;
  ListSource source({{.id = 1, .prompt_tokens = 5, .max_output_tokens = 40, .output_tokens = 40},
                     {.id = 2, .prompt_tokens = 300, .max_output_tokens = 9, .output_tokens = 9}});
  ASSERT_TRUE(run.engine.Run(source).ok());
  ASSERT_EQ(first.requests.size(), 1U);
  EXPECT_EQ(first, later);
}

}  // namespace
}  // namespace braid
