// What each policy promises, read off its histories.
#include "tests/planner/simulation/history.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

class PolicyBehaviour : public ::testing::Test {
 protected:
  void Serve(const std::string& policy, WorkloadSpec workload) {
    spec_.policy.name = policy;
    spec_.workload = std::move(workload);
    run_ = std::make_unique<TestRun>(spec_, history_);
    ASSERT_TRUE(run_->ok());
    const Status status = run_->Run();
    ASSERT_TRUE(status.ok()) << status.ToString();
    ASSERT_FALSE(history_.facts().empty());
  }

  void ForEachStart(const std::function<void(const StepStarted&)>& visit) const {
    for (const Fact& fact : history_.facts()) {
      if (const auto* started = std::get_if<StepStarted>(&fact)) visit(*started);
    }
  }
  static bool Prefills(const StepPlan& plan) {
    return !plan.move && std::any_of(plan.requests.begin(), plan.requests.end(),
                                     [](const PlannedRequest& one) { return !one.decode; });
  }
  static bool Decodes(const StepPlan& plan) {
    return !plan.move && std::any_of(plan.requests.begin(), plan.requests.end(),
                                     [](const PlannedRequest& one) { return one.decode; });
  }

  TestRunSpec spec_;
  HistoryRecorder history_;
  std::unique_ptr<TestRun> run_;
};

TEST_F(PolicyBehaviour, StaticTpIsOneInstanceOfAllDevicesOfANode) {
  Serve("static-tp", NamedTraffic("sharegpt", 5, 60));
  EXPECT_EQ(run_->cluster().tensor_size, 8);
  EXPECT_EQ(run_->cluster().num_instances(), 1);
}

TEST_F(PolicyBehaviour, StaticSpPrefillsOverAllInstancesOfANode) {
  Serve("static-sp", NamedTraffic("zipf-1.2", 1, 60));
  ForEachStart([](const StepStarted& start) {
    EXPECT_EQ(start.step.plan.instances.size(), 4U);
    EXPECT_FALSE(start.step.plan.move);
  });
}

TEST_F(PolicyBehaviour, ReplicasKeepARequestWhereItBegan) {
  Serve("replicas", NamedTraffic("sharegpt", 20, 200));
  std::map<std::uint64_t, std::int32_t> home;
  std::set<std::int32_t> used;
  ForEachStart([&](const StepStarted& start) {
    ASSERT_EQ(start.step.plan.instances.size(), 1U);
    const std::int32_t instance = start.step.plan.instances.front();
    used.insert(instance);
    for (const RequestSnapshot& request : start.before) {
      EXPECT_EQ(home.emplace(request.request.id, instance).first->second, instance);
    }
  });
  EXPECT_EQ(used.size(), 4U);
}

TEST_F(PolicyBehaviour, ChunkedPrefillFillsPassesToItsBudgetWhileDecodesGoOn) {
  spec_.policy.chunk_tokens = 700;
  Serve("chunked-prefill", NamedTraffic("zipf-1.2", 2, 80));
  int mixed = 0;
  ForEachStart([&](const StepStarted& start) {
    std::int64_t rows = 0;
    for (const PlannedRequest& planned : start.step.plan.requests) rows += planned.rows;
    EXPECT_LE(rows, 700);
    mixed += Prefills(start.step.plan) && Decodes(start.step.plan) ? 1 : 0;
    // A pass without the decodes that its instance has would make them wait.
    if (Prefills(start.step.plan)) {
      EXPECT_EQ(start.step.plan.max_repeats, 1);
    }
  });
  EXPECT_GT(mixed, 10);
}

TEST_F(PolicyBehaviour, DisaggregatedPrefillsAndDecodesInDifferentInstances) {
  Serve("disaggregated", NamedTraffic("sharegpt", 10, 100));
  std::set<std::int32_t> prefill;
  std::set<std::int32_t> decode;
  int moves = 0;
  ForEachStart([&](const StepStarted& start) {
    const StepPlan& plan = start.step.plan;
    moves += plan.move ? 1 : 0;
    if (Prefills(plan)) prefill.insert(plan.instances.begin(), plan.instances.end());
    if (Decodes(plan)) decode.insert(plan.instances.begin(), plan.instances.end());
  });
  EXPECT_EQ(prefill.size(), 2U);
  EXPECT_EQ(decode.size(), 2U);
  EXPECT_GT(moves, 0);
  for (const std::int32_t instance : prefill) EXPECT_FALSE(decode.contains(instance));
}

TEST_F(PolicyBehaviour, LigerInterleavesUpToItsDepth) {
  spec_.policy.depth = 2;
  Serve("liger", NamedTraffic("sharegpt", 20, 40));
  std::set<std::int32_t> strands;
  ForEachStart([&](const StepStarted& start) {
    strands.insert(start.step.strand);
    EXPECT_EQ(start.step.plan.overlap, OverlapMode::kLiger);
  });
  EXPECT_EQ(strands, (std::set<std::int32_t>{0, 1}));
}

TEST_F(PolicyBehaviour, LoongServeNeverSharesAnInstanceAmongGroups) {
  Serve("loongserve", NamedTraffic("zipf-1.0", 1, 120));
  std::size_t widest = 0;
  std::size_t narrowest = 99;
  ForEachStart([&](const StepStarted& start) {
    EXPECT_EQ(start.step.strand, 0);
    if (!Prefills(start.step.plan)) return;
    widest = std::max(widest, start.step.plan.instances.size());
    narrowest = std::min(narrowest, start.step.plan.instances.size());
  });
  EXPECT_EQ(widest, 4U) << "long prompts get all instances";
  EXPECT_EQ(narrowest, 1U);
}

TEST_F(PolicyBehaviour, LoongServeKeepsThePrefillsKvWhereItsDecodeWantsIt) {
  Serve("loongserve", NamedTraffic("zipf-1.2", 1, 80));
  int scaled_down = 0;
  ForEachStart([&](const StepStarted& start) {
    const StepPlan& plan = start.step.plan;
    if (!Prefills(plan) || plan.instances.size() == 1) return;
    std::set<std::int32_t> keep;
    for (const KvShare& share : plan.shares) keep.insert(share.instance);
    scaled_down += keep.size() < plan.instances.size() ? 1 : 0;
  });
  EXPECT_GT(scaled_down, 0) << "proactive scale-down";
}

TEST_F(PolicyBehaviour, BraidLetsNoShortPromptWaitBehindALongOne) {
  Serve("braid", NamedTraffic("short-beside-long", 3, 200));
  std::map<std::uint64_t, std::int64_t> wait;
  std::size_t chunks = 0;
  for (const Fact& fact : history_.facts()) {
    const auto* left = std::get_if<RequestLeft>(&fact);
    if (left == nullptr) continue;
    const RequestSnapshot& request = left->request;
    if (request.request.prompt_tokens < 5'000) {
      EXPECT_LT(request.first_token_ns - request.request.arrival_ns, 2'000'000'000)
          << "request " << request.request.id;
    } else {
      chunks += static_cast<std::size_t>(request.num_chunks);
    }
  }
  EXPECT_GT(chunks, 20U) << "long prompts come in chunks";
}

TEST_F(PolicyBehaviour, BraidSharesRanksUnlessToldNotTo) {
  Serve("braid", NamedTraffic("short-beside-long", 3, 120));
  bool shares = false;
  ForEachStart([&](const StepStarted& start) { shares = shares || start.step.strand > 0; });
  EXPECT_TRUE(shares);
}

TEST_F(PolicyBehaviour, BraidRunsDisjointGroupsWithoutStrands) {
  spec_.policy.strands = false;
  Serve("braid", NamedTraffic("short-beside-long", 3, 120));
  ForEachStart([&](const StepStarted& start) { EXPECT_EQ(start.step.strand, 0); });
}

TEST_F(PolicyBehaviour, AllRejectWhatNoMemoryHoldsAndServeTheRest) {
  WorkloadSpec workload = UniformTraffic(60'000, 50, 1, 60);
  for (const std::string& policy : PolicyNames()) {
    HistoryRecorder history;
    TestRunSpec spec;
    spec.policy.name = policy;
    spec.cluster.kv_slots = 8'000;
    spec.workload = workload;
    TestRun run(spec, history);
    ASSERT_TRUE(run.ok());
    const Status status = run.Run();
    EXPECT_TRUE(status.ok()) << policy << ": " << status.ToString();
    const EngineCounts& counts = run.engine().counts();
    EXPECT_GT(counts.rejected, 5U) << policy;
    EXPECT_GT(counts.finished, 5U) << policy;
    EXPECT_EQ(counts.rejected + counts.finished, 60U) << policy;
  }
}

}  // namespace
}  // namespace braid
