// What braid chooses where ranks could be shared, slots run out, and planning takes time.
#include "planner/cost/builtin_models.h"
#include "planner/sim/simulation/simulation.h"
#include "tests/planner/simulation/history_replayer.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace braid {
namespace {

/// Counts steps by mode, and prefills that began beside a decode or the other way round.
class ModeCounter final : public EngineListener {
 public:
  void OnStarted(const EngineView& view, StepIndex index) override {
    const StepPlan& plan = view.step(index).plan;
    if (plan.move) return;
    ++modes[plan.overlap];
    std::set<StepIndex> others;
    for (const std::int32_t instance : plan.instances) {
      for (const StepIndex other : view.instance(instance).steps) {
        const StepPlan& beside = view.step(other).plan;
        const bool mixed =
            !beside.move && beside.requests.front().decode != plan.requests.front().decode;
        if (other != index && mixed) others.insert(other);
      }
    }
    shared += static_cast<int>(others.size());
  }

  std::map<OverlapMode, int> modes;
  int shared = 0;
};

ModeCounter Serve(const TestRunSpec& spec) {
  ModeCounter counter;
  TestRun run(spec, counter);
  EXPECT_TRUE(run.ok());
  const Status status = run.Run();
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(run.engine().counts().finished, run.requests().size());
  return counter;
}

TEST(BraidSharing, PrefillsAndDecodesShareRanksWhereThatIsPredictedToPay) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("zipf-1.2", 2, 150);
  const ModeCounter counter = Serve(spec);
  EXPECT_GT(counter.shared, 50);
  EXPECT_GT(counter.modes.at(OverlapMode::kLanes), 50);
}

TEST(BraidSharing, TheyTakeTurnsWhereItIsNot) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("zipf-1.2", 2, 150);
  spec.policy.sharing_gain = 1;  // no two strands do twice the work of one
  const ModeCounter turns = Serve(spec);
  // A request may come to decode where a prefill has begun without others in view.
  spec.policy.sharing_choice = false;
  const ModeCounter always = Serve(spec);
  EXPECT_LT(turns.shared * 5, always.shared);
  EXPECT_EQ(turns.modes.count(OverlapMode::kLiger), 0U);
}

TEST(BraidSharing, WithoutStrandsNoTwoStepsEverMeet) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("zipf-1.2", 2, 150);
  spec.policy.strands = false;
  EXPECT_EQ(Serve(spec).shared, 0);
}

/// A cluster whose memory is far too small for what is asked of it.
TestRunSpec Tight(std::int64_t slots, std::uint64_t seed) {
  TestRunSpec spec;
  spec.workload = UniformTraffic(2'000, 3'000, 6, 60);
  spec.workload.seed = seed;
  spec.cluster.kv_slots = slots;
  return spec;
}

struct Memory {
  bool moving;
  bool swap;
};

class BraidRoom : public ::testing::TestWithParam<Memory> {};

TEST_P(BraidRoom, EverybodyIsServedHoweverTightTheMemory) {
  for (const std::int64_t slots : {2'600, 5'000, 9'000}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      TestRunSpec spec = Tight(slots, seed);
      spec.policy.moving = GetParam().moving;
      spec.policy.swap = GetParam().swap;
      HistoryRecorder history;
      TestRun run(spec, history);
      ASSERT_TRUE(run.ok());
      const Status status = run.Run();
      ASSERT_TRUE(status.ok()) << slots << " slots, seed " << seed << ": " << status.ToString();
      EXPECT_EQ(run.engine().counts().finished, run.requests().size());
      HistoryReplayer replayer({.num_instances = run.cluster().num_instances(),
                                .kv_slots = run.costs().kv_slots(),
                                .max_strands = run.cluster().max_strands},
                               run.requests());
      for (const std::string& complaint : replayer.Check(history.facts())) {
        ADD_FAILURE() << slots << " slots, seed " << seed << ": " << complaint;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, BraidRoom,
                         ::testing::Values(Memory{true, true}, Memory{true, false},
                                           Memory{false, true}, Memory{false, false}),
                         [](const auto& one) {
                           return std::string(one.param.moving ? "Moving" : "Staying") +
                                  (one.param.swap ? "AndSwap" : "AndRecomputation");
                         });

TEST(BraidRoomWays, KvIsComputedAgainOnlyWhereThatIsFaster) {
  ModeCounter counter;
  TestRunSpec spec = Tight(5'000, 1);
  const auto evictions = [&] {
    TestRun run(spec, counter);
    EXPECT_TRUE(run.ok());
    EXPECT_TRUE(run.Run().ok());
    return run.engine().counts().evictions;
  };
  const std::uint64_t usual = evictions();
  spec.policy.moving = spec.policy.swap = false;
  EXPECT_LT(usual, evictions());
}

TEST(BraidPlacement, ServesPromptsThoughNoDegreeKeepsTheTpotLimit) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("sharegpt", 2, 20);
  spec.policy.tpot_ns = 8'000'000;  // one request alone takes 7.2 ms
  Serve(spec);
  spec.policy.degree_share = 0;
  Serve(spec);
}

TEST(BraidPlacement, ServesShortPromptsThoughOutputsAreExpectedToOutgrowAnInstance) {
  for (std::uint64_t seed = 690; seed < 700; ++seed) {
    TestRunSpec spec;
    spec.workload = UniformTraffic(2'000, 2'000, 2, 100);
    spec.workload.seed = seed;
    spec.cluster.devices_per_node = 4;
    spec.cluster.tensor_size = 1;
    spec.cluster.kv_slots = 1'000;
    ModeCounter counter;
    TestRun run(spec, counter);
    ASSERT_TRUE(run.ok());
    const Status status = run.Run();
    EXPECT_TRUE(status.ok()) << "seed " << seed << ": " << status.ToString();
  }
}

TEST(Disaggregated, ServesAllThoughTheLastDecodeIsGivenUp) {
  for (const std::int64_t slots : {500, 700, 1'000, 2'000}) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      TestRunSpec spec;
      spec.policy.name = "disaggregated";
      spec.workload = NamedTraffic("sharegpt", 10, 60);
      spec.workload.seed = seed;
      spec.cluster.devices_per_node = 4;
      spec.cluster.kv_slots = slots;
      ModeCounter counter;
      TestRun run(spec, counter);
      ASSERT_TRUE(run.ok());
      const Status status = run.Run();
      EXPECT_TRUE(status.ok()) << slots << " slots, seed " << seed << ": " << status.ToString();
    }
  }
}

TEST(BraidForesight, StepsThatWereForeseenWaitForNoPlanning) {
  SimulationSpec spec;
  spec.model = BuiltinModel("lwm-7b").value();
  spec.profile = BuiltinProfile("a800-80gb").value();
  spec.workload = NamedTraffic("zipf-1.0", 1, 200);
  spec.planning_ns = 20'000'000;  // so that it matters
  const Result<SimulationResult> with = Simulate(spec);
  spec.policy.foresight = false;
  const Result<SimulationResult> without = Simulate(spec);
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_EQ(without->counts.forecasts, 0U);
  EXPECT_GT(with->counts.forecasts, 0U);
  // Most of what is foreseen comes about.
  EXPECT_LE(with->counts.foreseen, with->counts.forecasts);
  EXPECT_GT(2 * with->counts.foreseen, with->counts.forecasts);
  EXPECT_LT(with->summary.ttft_s.mean, without->summary.ttft_s.mean);
}

TEST(BraidForesight, ChangesNothingWherePlanningTakesNoTime) {
  SimulationSpec spec;
  spec.model = BuiltinModel("lwm-7b").value();
  spec.profile = BuiltinProfile("a800-80gb").value();
  spec.workload = NamedTraffic("mixed", 1, 150);
  const Result<SimulationResult> with = Simulate(spec);
  spec.policy.foresight = false;
  const Result<SimulationResult> without = Simulate(spec);
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_EQ(with->summary.ttft_s.mean, without->summary.ttft_s.mean);
  EXPECT_EQ(with->counts.passes, without->counts.passes);
}

}  // namespace
}  // namespace braid
