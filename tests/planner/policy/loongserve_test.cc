// LoongServe under every combination of its flags.
#include "tests/planner/simulation/history_replayer.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace braid {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  std::int64_t operator()(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool Heads() { return (*this)(0, 1) == 0; }

 private:
  std::mt19937_64 random_;
};

/// A small cluster, little memory, prompts of which many do not fit, and any of the flags.
TestRunSpec Draw(std::uint64_t seed) {
  Draws draw(seed);
  TestRunSpec spec;
  constexpr std::int32_t kTensorSizes[] = {1, 2, 4};
  spec.cluster.tensor_size = kTensorSizes[draw(0, 2)];
  spec.cluster.num_nodes = static_cast<std::int32_t>(draw(1, 2));
  spec.cluster.kv_slots = draw(0, 3) == 0 ? 4'000 : draw(200, 4'000);
  const std::int64_t all_slots = spec.cluster.kv_slots * spec.cluster.num_instances();
  constexpr std::int64_t kLongest[] = {80'000, 2'000, 300};
  const std::int64_t longest = draw(0, 2) == 0 ? 2 * all_slots : kLongest[draw(0, 2)];
  spec.workload =
      UniformTraffic(longest, draw(1, 600), static_cast<double>(draw(1, 400)) * 0.1, draw(10, 60));
  spec.workload.seed = seed;
  if (draw(0, 3) == 0) spec.workload.arrivals.kind = ArrivalKind::kBurst;
  PolicyOptions& policy = spec.policy;
  policy.name = "loongserve";
  policy.oracle = spec.workload.oracle = draw.Heads();
  policy.released_dispatch = draw.Heads();
  policy.barrier = draw.Heads();
  policy.queries_to_all = draw.Heads();
  policy.backfill = policy.barrier && draw.Heads();
  policy.batching = static_cast<BatchingMethod>(draw(0, 3));
  policy.out_of_order = static_cast<std::int32_t>(draw(0, 2) * 4);
  policy.wait_passes = static_cast<std::int32_t>(draw(0, 2) * 5);
  policy.master_rows = static_cast<std::int32_t>(draw.Heads() ? 128 : draw(1, 8));
  policy.max_batch = static_cast<std::int32_t>(draw.Heads() ? 1024 : draw(1, 16));
  return spec;
}

std::string Described(const TestRunSpec& spec, std::uint64_t seed) {
  const PolicyOptions& policy = spec.policy;
  std::string text =
      "seed " + std::to_string(seed) + ": " + std::to_string(spec.cluster.num_instances()) +
      " instances of " + std::to_string(spec.cluster.kv_slots) + " slots, prompts to " +
      std::to_string(spec.workload.classes[0].prompt.max) + ", batching " +
      std::to_string(static_cast<int>(policy.batching)) + ", out of order " +
      std::to_string(policy.out_of_order) + ", wait " + std::to_string(policy.wait_passes);
  if (policy.oracle) text += ", oracle";
  if (policy.released_dispatch) text += ", released dispatch";
  if (policy.barrier) text += ", barrier";
  if (policy.backfill) text += ", backfill";
  return text;
}

// On clusters far too small for what arrives each request is served or rejected, and no rule is
// broken on the way.
TEST(LoongServe, ServesOrRejectsEveryRequestUnderAnyFlagsHoweverLittleMemoryThereIs) {
  for (std::uint64_t seed = 0; seed < 330; ++seed) {
    const TestRunSpec spec = Draw(seed);
    SCOPED_TRACE(Described(spec, seed));
    HistoryRecorder history;
    TestRun run(spec, history);
    ASSERT_TRUE(run.ok());
    const Status status = run.Run();
    EXPECT_TRUE(status.ok()) << status.ToString();
    if (!status.ok()) continue;
    const EngineCounts& counts = run.engine().counts();
    EXPECT_EQ(counts.finished + counts.rejected, counts.arrivals);
    HistoryReplayer replayer({.num_instances = run.cluster().num_instances(),
                              .kv_slots = run.costs().kv_slots(),
                              .max_strands = run.cluster().max_strands},
                             run.requests());
    for (const std::string& complaint : replayer.Check(history.facts())) ADD_FAILURE() << complaint;
  }
}

/// Looks at steps as ranks get them.
class StepReader final : public EngineListener {
 public:
  void OnStarted(const EngineView& view, StepIndex index) override {
    if (engine == nullptr) return;
    const bool decodes = view.step(index).plan.requests.front().decode;
    const Step step = engine->StepOf(index);
    EXPECT_EQ(step.queries_to_all, decodes && to_all) << "step " << step.number;
    grouped_decodes += decodes && step.instances.size() > 1 ? 1 : 0;
  }

  const Engine* engine = nullptr;
  bool to_all = false;
  int grouped_decodes = 0;
};

TEST(LoongServe, SendsDecodeQueriesToTheWholeGroupOnlyIfAsked) {
  for (const bool to_all : {false, true}) {
    TestRunSpec spec;
    spec.policy.name = "loongserve";
    spec.policy.queries_to_all = to_all;
    spec.cluster.kv_slots = 9'000;
    spec.workload = UniformTraffic(8'000, 200, 4, 40);
    StepReader reader;
    reader.to_all = to_all;
    TestRun run(spec, reader);
    ASSERT_TRUE(run.ok());
    reader.engine = &run.engine();
    const Status status = run.Run();
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_GT(reader.grouped_decodes, 5);
  }
}

}  // namespace
}  // namespace braid
