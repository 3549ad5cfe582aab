#include "planner/cost/builtin_models.h"
#include "planner/sim/simulation/goodput.h"
#include "planner/sim/simulation/simulation.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace braid {
namespace {

SimulationSpec SpecOf(const std::string& policy, const WorkloadSpec& workload) {
  SimulationSpec spec;
  const Result<Profile> profile = BuiltinProfile("a800-80gb");
  const Result<ModelSpec> model = BuiltinModel("lwm-7b");
  EXPECT_TRUE(profile.ok() && model.ok());
  spec.profile = *profile;
  spec.model = *model;
  spec.workload = workload;
  spec.policy.name = policy;
  return spec;
}

class RecordCounter final : public Observer {
 public:
  void OnFinished(const RequestRecord& record) override {
    ++(record.finish_ns >= 0 ? finished : record.rejected ? rejected : unfinished);
  }
  int finished = 0;
  int rejected = 0;
  int unfinished = 0;
};

TEST(Simulate, TellsOfEveryRequestOnce) {
  RecordCounter counter;
  SimulationSpec spec = SpecOf("replicas", UniformTraffic(60'000, 50, 1, 60));
  spec.cluster.kv_slots = 20'000;
  const Result<SimulationResult> result = Simulate(spec, &counter);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(counter.finished + counter.rejected, 60);
  EXPECT_GT(counter.rejected, 0);
  EXPECT_EQ(result->summary.num_finished, counter.finished);
  EXPECT_EQ(result->summary.num_rejected, counter.rejected);
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(result->counts.arrivals, 60U);
}

TEST(Simulate, WritesWhatThereIsWhereItIsInterrupted) {
  RecordCounter counter;
  const SimulationSpec spec = SpecOf("braid", NamedTraffic("sharegpt", 10, 300));
  int asked = 0;
  const auto twice = [&](std::uint64_t, std::int64_t) { return ++asked < 2; };
  const Result<SimulationResult> result = Simulate(spec, &counter, twice);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_TRUE(result->interrupted);
  EXPECT_GT(counter.finished, 0);
  EXPECT_GT(counter.unfinished, 0);
  EXPECT_EQ(result->summary.num_unfinished, counter.unfinished);
}

TEST(Simulate, DoesTheSameWhetherOrNotSomebodyWatches) {
  const SimulationSpec spec = SpecOf("loongserve", NamedTraffic("zipf-1.2", 2, 80));
  const Result<SimulationResult> alone = Simulate(spec);
  const Result<SimulationResult> watched =
      Simulate(spec, nullptr, [](std::uint64_t, std::int64_t) { return true; });
  ASSERT_TRUE(alone.ok() && watched.ok());
  EXPECT_EQ(alone->summary.end_to_end_s.mean, watched->summary.end_to_end_s.mean);
  EXPECT_EQ(alone->counts.passes, watched->counts.passes);
  EXPECT_FALSE(watched->interrupted);
}

TEST(Simulate, ChargesTheHostForEveryPlannedStep) {
  SimulationSpec spec = SpecOf("replicas", UniformTraffic(100, 1, 0.1, 20));
  const Result<SimulationResult> free = Simulate(spec);
  spec.planning_ns = 7'000'000;
  const Result<SimulationResult> charged = Simulate(spec);
  ASSERT_TRUE(free.ok() && charged.ok());
  // One step a request, each alone.
  EXPECT_NEAR(charged->summary.ttft_s.mean - free->summary.ttft_s.mean, 0.007, 1e-4);
}

TEST(FastClock, ChargesTheHostForWhatIsLeftOfPlanningWhenTheStepBeforeEnds) {
  const SimulationSpec spec = SpecOf("replicas", UniformTraffic(100, 1, 0.1, 20));
  const Result<CostModel> costs = CostModel::Make(spec.profile, spec.model, spec.cluster);
  ASSERT_TRUE(costs.ok());
  const auto end_ns = [&](std::int64_t foreseen_ns, std::int64_t planning_ns) {
    FastClock clock(*costs, spec.cluster, planning_ns);
    RequestState request;
    request.live = true;
    request.request = {.prompt_tokens = 100, .max_output_tokens = 1, .output_tokens = 1};
    request.prefill_target = 100;
    RunningStep step;
    step.number = 1;
    step.live = true;
    step.start_ns = 20'000'000;
    step.foreseen_ns = foreseen_ns;
    step.plan.instances = {0};
    step.plan.shares = {{.instance = 0, .tokens = 100}};
    step.plan.requests = {{.request = 0, .rows = 100, .num_shares = 1}};
    const std::vector<InstanceState> instances(4);
    clock.Start({.requests = {&request, 1}, .steps = {&step, 1}, .instances = instances}, 0);
    return clock.NextNs();
  };
  const std::int64_t free_ns = end_ns(-1, 0);
  EXPECT_EQ(end_ns(-1, 7'000'000), free_ns + 7'000'000);          // not foreseen
  EXPECT_EQ(end_ns(10'000'000, 7'000'000), free_ns);              // long before
  EXPECT_EQ(end_ns(18'000'000, 7'000'000), free_ns + 5'000'000);  // 2 ms before
  EXPECT_EQ(end_ns(20'000'000, 7'000'000), free_ns + 7'000'000);  // in the same call
}

TEST(Simulate, SaysWhatIsWrongWithWhatTheUserAsked) {
  SimulationSpec spec = SpecOf("nobody", NamedTraffic("sharegpt", 1, 5));
  EXPECT_EQ(Simulate(spec).status().code(), StatusCode::kInvalidArgument);
  spec = SpecOf("braid", NamedTraffic("no-such-set", 1, 5));
  EXPECT_EQ(Simulate(spec).status().code(), StatusCode::kInvalidArgument);
  spec = SpecOf("braid", NamedTraffic("sharegpt", 1, 5));
  spec.cluster.tensor_size = 3;
  EXPECT_EQ(Simulate(spec).status().code(), StatusCode::kInvalidArgument);
}

TEST(FindGoodput, EndsBetweenARateThatIsGoodAndOneThatIsNot) {
  const SimulationSpec spec = SpecOf("replicas", NamedTraffic("sharegpt", 1, 1));
  const Result<Goodput> found =
      FindGoodput(spec, {.rule = {}, .low = 1, .precision = 0.05, .num_requests = 3'000});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_GT(found->rate, 1);
  const auto at = std::find_if(found->points.begin(), found->points.end(),
                               [&](const RatePoint& point) { return point.rate == found->rate; });
  ASSERT_NE(at, found->points.end());
  EXPECT_TRUE(at->good);
  ASSERT_NE(at + 1, found->points.end());
  EXPECT_FALSE((at + 1)->good);
  EXPECT_LE((at + 1)->rate, found->rate * 1.06);
  EXPECT_GE(at->attainment, 0.9);
}

TEST(FindGoodput, FindsNothingWhereNoRateIsGood) {
  SimulationSpec spec = SpecOf("replicas", NamedTraffic("sharegpt", 1, 1));
  spec.slo.tpot_limit_ns = 1'000;
  const Result<Goodput> found =
      FindGoodput(spec, {.rule = {}, .low = 1, .precision = 0.2, .num_requests = 50});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->rate, 0);
}

}  // namespace
}  // namespace braid
