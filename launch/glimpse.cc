#include "launch/glimpse.h"

#include "engine/engine.h"
#include "planner/policy/policy.h"
#include "planner/sim/simulation/fast_clock.h"
#include "planner/sim/simulation/learning_listener.h"
#include "planner/sim/simulation/run_costs.h"
#include "planner/sim/workload/workload.h"

#include <algorithm>
#include <memory>

namespace braid {
namespace {

constexpr std::uint64_t kMostSteps = 100'000;
constexpr std::int64_t kFirstStrideNs = 1'000'000;
constexpr std::int64_t kLongestStrideNs = 1'000'000'000;

/// Collects what a glimpse asks for.
class Collector final : public EngineListener, public DecisionLog {
 public:
  Collector(const GlimpseQuestion& question, Glimpse& glimpse)
      : question_(question), glimpse_(glimpse) {}

  void Open(const Engine& engine) { engine_ = &engine; }

  void OnStarted(const EngineView& view, StepIndex index) override {
    if (engine_ == nullptr) return;
    ++num_seen_;
    if (glimpse_.steps.size() >= question_.num_steps) return;
    glimpse_.steps.push_back({.step = engine_->StepOf(index),
                              .start_ns = view.now_ns,
                              .repeats = view.step(index).repeats});
  }
  void OnFinished(const EngineView&, const RequestState& request) override { End(request); }
  void OnRejected(const EngineView&, const RequestState& request, const std::string&) override {
    End(request);
  }

  void Add(const Decision& decision) override {
    glimpse_.says_reasons = true;
    if (engine_ == nullptr || glimpse_.decisions.size() >= question_.num_decisions) return;
    if (question_.request && decision.request != *question_.request) return;
    glimpse_.decisions.push_back(decision);
  }

  bool HasEnough() const {
    const bool all = glimpse_.steps.size() >= question_.num_steps &&
                     glimpse_.decisions.size() >= question_.num_decisions;
    return all || request_ended_ || num_seen_ >= kMostSteps;
  }
  bool request_ended() const { return request_ended_; }

 private:
  void End(const RequestState& state) {
    if (question_.request == state.request.id) request_ended_ = true;
  }

  const GlimpseQuestion& question_;
  Glimpse& glimpse_;
  const Engine* engine_ = nullptr;  ///< set from the time in question on
  std::uint64_t num_seen_ = 0;
  bool request_ended_ = false;
};

void DescribeState(const EngineView& view, Glimpse& glimpse) {
  glimpse.now_ns = view.now_ns;
  for (const RequestState& state : view.requests) {
    if (!state.live) continue;
    glimpse.num_waiting += state.phase == Phase::kWaiting ? 1 : 0;
    glimpse.num_prefilling += state.phase == Phase::kPrefill ? 1 : 0;
    glimpse.num_decoding += state.phase == Phase::kDecode ? 1 : 0;
    glimpse.num_swapped += state.phase == Phase::kSwapped ? 1 : 0;
  }
  for (const RunningStep& step : view.steps) glimpse.num_running_steps += step.live ? 1 : 0;
}

bool IsLive(const EngineView& view, std::uint64_t id) {
  return std::any_of(view.requests.begin(), view.requests.end(), [id](const RequestState& state) {
    return state.live && state.request.id == id;
  });
}

}  // namespace

Result<Glimpse> LookInto(const SimulationSpec& spec, const GlimpseQuestion& question) {
  Glimpse glimpse;
  glimpse.cluster = ClusterFor(spec.policy.name, spec.cluster);
  ASSIGN_OR_RETURN(RunCosts run_costs, RunCosts::Make(spec, glimpse.cluster));
  const CostModel& costs = run_costs.actual();
  glimpse.kv_slots = costs.kv_slots();
  Collector collector(question, glimpse);
  ASSIGN_OR_RETURN(const std::unique_ptr<Planner> policy,
                   MakePolicy(spec.policy, run_costs.believed(), glimpse.cluster, &collector));
  ASSIGN_OR_RETURN(const std::unique_ptr<RequestSource> source, OpenWorkload(spec.workload));
  FastClock clock(costs, glimpse.cluster, spec.planning_ns);
  LearningListener learner(collector, clock, run_costs, spec.observe);
  Engine engine({.num_instances = glimpse.cluster.num_instances(),
                 .kv_slots = costs.kv_slots(),
                 .max_strands = glimpse.cluster.max_strands},
                *policy, clock, learner);

  RETURN_IF_ERROR(engine.Run(*source, question.at_ns - 1));
  DescribeState(engine.view(), glimpse);
  collector.Open(engine);
  std::int64_t until = question.at_ns;
  std::int64_t stride = kFirstStrideNs;
  while (!collector.HasEnough() && !engine.idle()) {
    RETURN_IF_ERROR(engine.Run(*source, until));
    if (question.request && IsLive(engine.view(), *question.request)) {
      glimpse.request_arrived = true;
    }
    until += stride;
    stride = std::min(2 * stride, kLongestStrideNs);
  }
  glimpse.request_arrived = glimpse.request_arrived || collector.request_ended();
  glimpse.end_ns = engine.now_ns();
  return glimpse;
}

}  // namespace braid
