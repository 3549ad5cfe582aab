// Strands that share ranks: how fast the fast clock lets them go, and that nobody works for free.
#include "planner/sim/clock/co_run.h"
#include "tests/planner/simulation/sharing_listener.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

namespace braid {
namespace {

/// Two steps as they met on one instance, with copies of all that they depend on.
struct Pair {
  std::vector<RequestState> requests;
  std::vector<RunningStep> steps;
};

/// Keeps pairs of steps of one pass each.
class PairSampler final : public SharingListener {
 public:
  static constexpr std::size_t kEvery = 7;
  static constexpr std::size_t kMost = 120;

  void OnSharing(const EngineView& view, StepIndex started) override {
    const std::int32_t instance = view.step(started).plan.instances.front();
    const std::vector<StepIndex>& here = view.instance(instance).steps;
    if (here.size() != 2 || pairs.size() >= kMost || seen_++ % kEvery != 0) return;
    Pair pair;
    pair.requests.assign(view.requests.begin(), view.requests.end());
    for (const StepIndex index : here) {
      pair.steps.push_back(view.step(index));
      RunningStep& step = pair.steps.back();
      step.start_ns = 0;
      step.repeats = 1;
      step.plan.period_ns = 0;
      step.plan.overlap = OverlapMode::kNone;
    }
    pairs.push_back(std::move(pair));
  }

  std::vector<Pair> pairs;

 private:
  std::size_t seen_ = 0;
};

struct Speeds {
  std::vector<std::int64_t> fast;  ///< in 1/1024 of the speed alone
  std::vector<std::int64_t> tasks;
};

/// Runs both at once from the start: while both run, each does so much of its work.
Speeds Measure(const TestRun& run, const Pair& pair) {
  const std::vector<InstanceState> instances(
      static_cast<std::size_t>(run.cluster().num_instances()));
  EngineView view = {.requests = pair.requests, .steps = pair.steps, .instances = instances};
  FastClock clock(run.costs(), run.cluster());
  for (StepIndex index = 0; index < 2; ++index) clock.Start(view, index);
  const Completion first = clock.Next();
  const Completion second = clock.Next();
  Speeds speeds;
  speeds.fast.resize(2);
  std::vector<CoRunStrand> strands;
  for (StepIndex index = 0; index < 2; ++index) {
    const StepMeasure& measure = clock.Measure(index);
    const std::int64_t alone_ns = run.costs().StepNs(measure.signature, measure.sizes);
    const std::int64_t after_ns = index == first.step ? 0 : second.end_ns - first.end_ns;
    speeds.fast[static_cast<std::size_t>(index)] =
        (alone_ns - after_ns) * CoRun::kFullSpeed / std::max<std::int64_t>(1, first.end_ns);
    strands.push_back({.tmpl = &run.costs().Timed(measure.signature),
                       .sizes = measure.sizes,
                       .priority = pair.steps[static_cast<std::size_t>(index)].plan.priority});
  }
  Result<CoRun> co_run = CoRun::Make({}, run.costs().contention());
  EXPECT_TRUE(co_run.ok());
  EXPECT_TRUE(co_run->Rates(strands, &speeds.tasks).ok());
  return speeds;
}

/// The closed form of the fast clock is a guess (approximate_rates.h); this is how good it is on
/// steps that a policy really puts side by side. Printed, so that a change shows what it does.
TEST(SharedRanks, GoNearlyAsFastAsTaskByTask) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("short-beside-long", 4, 250);
  PairSampler sampler;
  TestRun run(spec, sampler);
  ASSERT_TRUE(run.ok());
  ASSERT_TRUE(run.Run().ok());
  ASSERT_GE(sampler.pairs.size(), 40U);
  std::vector<std::int64_t> errors;
  for (const Pair& pair : sampler.pairs) {
    const Speeds speeds = Measure(run, pair);
    for (std::size_t i = 0; i < 2; ++i) {
      errors.push_back(std::abs(speeds.fast[i] - speeds.tasks[i]));
      EXPECT_GT(speeds.fast[i], 0);
      EXPECT_LE(speeds.fast[i], CoRun::kFullSpeed);
    }
  }
  std::sort(errors.begin(), errors.end());
  const auto percent = [&](std::size_t place) {
    return static_cast<double>(errors[place]) / 10.24;
  };
  std::printf("[ error    ] %zu pairs: median %.1f %%, P90 %.1f %%, worst %.1f %% of full speed\n",
              sampler.pairs.size(), percent(errors.size() / 2), percent(errors.size() * 9 / 10),
              percent(errors.size() - 1));
  EXPECT_LE(percent(errors.size() / 2), 5);
  EXPECT_LE(percent(errors.size() - 1), 15);
}

/// Busy time of each instance, over stretches in which something ran there without a pause.
class BusyListener final : public EngineListener {
 public:
  struct Stretch {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = -1;
    CostModel::LaneNs busy = {};
  };

  void Watch(const FastClock& clock) { clock_ = &clock; }

  void OnStarted(const EngineView& view, StepIndex step) override {
    for (const std::int32_t instance : view.step(step).plan.instances) {
      std::vector<Stretch>& stretches = by_instance[instance];
      const bool goes_on = !stretches.empty() && (view.instance(instance).steps.size() > 1 ||
                                                  stretches.back().end_ns == view.now_ns);
      if (!goes_on) stretches.push_back({.start_ns = view.now_ns});
    }
  }
  void OnEnded(const EngineView& view, StepIndex step) override {
    const CostModel::LaneNs busy = clock_->Busy(step);
    for (const std::int32_t instance : view.step(step).plan.instances) {
      Stretch& stretch = by_instance[instance].back();
      stretch.end_ns = view.now_ns;
      stretch.busy.compute += busy.compute;
      stretch.busy.network += busy.network;
    }
  }

  std::map<std::int32_t, std::vector<Stretch>> by_instance;

 private:
  const FastClock* clock_ = nullptr;
};

TEST(SharedRanks, AreNeverBusyLongerThanTimePassed) {
  for (const std::string& policy : PolicyNames()) {
    for (const double rate : {2.0, 30.0}) {
      TestRunSpec spec;
      spec.policy.name = policy;
      spec.workload = NamedTraffic("short-beside-long", rate, 200);
      BusyListener listener;
      TestRun run(spec, listener);
      ASSERT_TRUE(run.ok());
      listener.Watch(run.clock());
      ASSERT_TRUE(run.Run().ok()) << policy;
      double worst = 0;
      for (const auto& [instance, stretches] : listener.by_instance) {
        for (const BusyListener::Stretch& stretch : stretches) {
          const std::int64_t passed_ns = stretch.end_ns - stretch.start_ns;
          const std::int64_t busy_ns = std::max(stretch.busy.compute, stretch.busy.network);
          worst = std::max(worst, static_cast<double>(busy_ns) / static_cast<double>(passed_ns));
        }
      }
      EXPECT_GT(worst, 0.1) << policy;
      EXPECT_LE(worst, 1) << policy << " at " << rate << " requests a second";
      std::printf("[ busiest  ] %s at %.0f: %.1f %%\n", policy.c_str(), rate, 100 * worst);
    }
  }
}

}  // namespace
}  // namespace braid
