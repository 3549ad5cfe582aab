// What ranks would get: steps as data, at any moment of a run.
#include "plan/step.h"
#include "tests/planner/simulation/slot_runs.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace braid {
namespace {

/// Turns every third step that starts into data, and every tenth that still runs beside it.
class StepChecker final : public EngineListener {
 public:
  void Watch(const TestRun& run, const Engine& engine) {
    engine_ = &engine;
    limits_ = {.vocab_size = 1,
               .num_instances = run.cluster().num_instances(),
               .num_strand_slots = run.cluster().max_strands,
               .num_kv_slots = static_cast<std::int32_t>(run.costs().kv_slots()),
               .max_rows = 1 << 30};
  }

  void OnStarted(const EngineView& view, StepIndex started) override {
    if (seen_ % 10 == 0) CheckDisjoint(view);
    if (seen_++ % 3 != 0) return;
    for (StepIndex index = 0; index < std::ssize(view.steps); ++index) {
      const RunningStep& step = view.step(index);
      if (!step.live || IsSwap(step.plan, step.plan.requests.front()) ||
          (index != started && seen_ % 10 != 0))
        continue;
      Check(step, engine_->StepOf(index));
    }
  }

  int checked = 0;
  int moves = 0;
  int rings = 0;

 private:
  /// No slot is used or about to be filled twice, whichever steps run beside each other.
  void CheckDisjoint(const EngineView& view) {
    std::vector<TakenSlots> taken(view.instances.size());
    const auto take = [&](const KvExtent& extent, const std::string& whose) {
      EXPECT_TRUE(
          taken[static_cast<std::size_t>(extent.instance)].Take(extent.first_slot, extent.count))
          << whose << ": slots from " << extent.first_slot << " of instance " << extent.instance
          << " belong to somebody else";
    };
    for (const RequestState& state : view.requests) {
      if (!state.live) continue;
      for (const KvExtent& extent : state.extents) {
        take(extent, "request " + std::to_string(state.request.id));
      }
    }
    for (StepIndex index = 0; index < std::ssize(view.steps); ++index) {
      if (!view.step(index).live) continue;
      const Step step = engine_->StepOf(index);
      const std::string name = "step " + std::to_string(step.number);
      for (const KvMove& move : step.moves) take(move.to, name);
      for (const StepRequest& request : step.requests) {
        SlotRuns all;
        for (const KvExtent& extent : request.kv) AppendRun(all, extent);
        for (const KvExtent& extent :
             Cut(all, request.first_position, std::ssize(request.tokens))) {
          take(extent, name);
        }
      }
    }
  }

  void Check(const RunningStep& running, const Step& step) {
    ++checked;
    moves += step.is_move() ? 1 : 0;
    const Status status = ValidateStep(step, limits_);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(step.number, running.number);
    std::int64_t rows = 0;
    for (const PlannedRequest& planned : running.plan.requests) {
      rows += planned.decode ? 1 : planned.rows;
      rings += planned.num_members > 0 ? 1 : 0;
    }
    if (!step.is_move()) {
      EXPECT_EQ(step.num_rows(), rows);
      return;
    }
    std::int64_t moved = 0;
    for (const KvMove& move : step.moves) moved += move.from.count;
    EXPECT_EQ(moved, rows);
  }

  const Engine* engine_ = nullptr;
  StepLimits limits_;
  int seen_ = 0;
};

TEST(StepOf, PassesTheStaticCheckAtAnyMoment) {
  int moves = 0;
  for (const std::string& policy : PolicyNames()) {
    for (const bool tight : {false, true}) {
      TestRunSpec spec;
      spec.policy.name = policy;
      spec.workload = NamedTraffic("zipf-1.2", 3, 120);
      if (tight) {
        spec.cluster.kv_slots = 9'000;
        spec.workload = UniformTraffic(8'000, 600, 3, 60);
      }
      StepChecker checker;
      TestRun run(spec, checker);
      ASSERT_TRUE(run.ok());
      checker.Watch(run, run.engine());
      const Status status = run.Run();
      EXPECT_TRUE(status.ok()) << policy << ": " << status.ToString();
      EXPECT_GT(checker.checked, 20) << policy;
      moves += checker.moves;
    }
  }
  EXPECT_GT(moves, 0);
}

}  // namespace
}  // namespace braid
