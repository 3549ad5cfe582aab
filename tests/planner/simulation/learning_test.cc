#include "planner/cost/builtin_models.h"
#include "planner/sim/simulation/simulation.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace braid {
namespace {

Profile Believed() {
  Profile profile = *BuiltinProfile("a800-80gb");
  profile.points.clear();  // they would win over what is changed below
  return profile;
}

/// Products 30 % slower, links half as fast.
Profile Slower() {
  Profile profile = Believed();
  profile.name = "slower";
  profile.matmul_efficiency.value /= 1.3;
  profile.intra_node_bandwidth.value /= 2;
  return profile;
}

SimulationSpec SpecOf(const std::string& policy) {
  SimulationSpec spec;
  spec.profile = Believed();
  spec.model = *BuiltinModel("lwm-7b");
  // Prompts above all: decodes wait for memory, which is what it was taken for.
  spec.workload = UniformTraffic(20'000, 4, 0.5, 400);
  spec.policy.name = policy;
  return spec;
}

SimulationResult RunOf(const SimulationSpec& spec) {
  Result<SimulationResult> result = Simulate(spec);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? *std::move(result) : SimulationResult{};
}

TEST(Learning, PredictionsComeToWhatStepsTake) {
  for (const char* policy : {"replicas", "static-sp", "loongserve", "braid"}) {
    SimulationSpec spec = SpecOf(policy);
    spec.actual = Slower();
    const PredictionError learned = RunOf(spec).summary.prediction;
    spec.observe = false;
    const PredictionError stubborn = RunOf(spec).summary.prediction;
    EXPECT_GT(learned.num_steps, 100) << policy;
    EXPECT_LT(learned.mean, 0.05) << policy;
    EXPECT_GT(stubborn.mean, 2 * learned.mean) << policy;
    EXPECT_GT(stubborn.mean, 0.05) << policy;
  }
}

TEST(Learning, AnActualProfileThatIsTheBelievedOneChangesNothing) {
  for (const char* policy : {"loongserve", "braid", "liger"}) {
    SimulationSpec spec = SpecOf(policy);
    spec.workload = NamedTraffic("zipf-1.2", 1, 60);
    const SimulationResult one = RunOf(spec);
    EXPECT_EQ(one.summary.prediction.num_steps, 0);
    spec.actual = spec.profile;
    const SimulationResult two = RunOf(spec);
    EXPECT_GT(two.summary.prediction.num_steps, 0) << policy;
    EXPECT_EQ(two.summary.prediction.mean, 0) << policy;
    EXPECT_EQ(one.summary.end_to_end_s.mean, two.summary.end_to_end_s.mean) << policy;
    EXPECT_EQ(one.counts.steps, two.counts.steps) << policy;
  }
}

TEST(Learning, MachinesTellHowManySlotsTheyHave) {
  SimulationSpec spec = SpecOf("replicas");
  spec.actual = Slower();
  spec.actual->memory_bytes.value *= 0.5;
  const SimulationResult result = RunOf(spec);
  EXPECT_GT(result.summary.num_finished, 0);
  EXPECT_LE(result.summary.peak_kv_occupancy, 1.0);
}

/// Knows by itself which steps had company, and asks the clock.
class CompanyListener final : public EngineListener {
 public:
  void Ask(const FastClock& clock) { clock_ = &clock; }

  void OnStarted(const EngineView& view, StepIndex index) override {
    const StepPlan& plan = view.step(index).plan;
    bool& shared = running_[index].shared;
    shared = false;
    running_[index].instances = plan.instances;
    for (auto& [other, step] : running_) {
      if (other == index) continue;
      const bool meet =
          std::any_of(plan.instances.begin(), plan.instances.end(), [&](std::int32_t instance) {
            return std::find(step.instances.begin(), step.instances.end(), instance) !=
                   step.instances.end();
          });
      if (meet) shared = step.shared = true;
    }
  }

  void OnEnded(const EngineView& /*view*/, StepIndex index) override {
    const bool shared = running_[index].shared;
    running_.erase(index);
    ++(shared ? num_shared : num_alone);
    const FastClock::Passes passes = clock_->PassesAlone(index);
    if (shared != (passes.num == 0)) ++num_wrong;
  }

  int num_shared = 0;
  int num_alone = 0;
  int num_wrong = 0;

 private:
  struct Running {
    std::vector<std::int32_t> instances;
    bool shared = false;
  };
  const FastClock* clock_ = nullptr;
  std::map<StepIndex, Running> running_;
};

TEST(Learning, OnlyStepsThatHadTheirRanksToThemselvesCount) {
  CompanyListener listener;
  TestRunSpec spec;
  spec.workload = NamedTraffic("mixed", 0.5, 80);
  spec.longest_run = 1'000'000;
  spec.policy.name = "braid";
  TestRun run(spec, listener);
  ASSERT_TRUE(run.ok());
  listener.Ask(run.clock());
  ASSERT_TRUE(run.Run().ok());
  EXPECT_GT(listener.num_shared, 50);
  EXPECT_GT(listener.num_alone, 50);
  EXPECT_EQ(listener.num_wrong, 0);
}

}  // namespace
}  // namespace braid
