#include "planner/sim/simulation/simulation.h"

#include "planner/sim/report/metrics.h"
#include "planner/sim/simulation/learning_listener.h"
#include "planner/sim/simulation/observing_listener.h"
#include "planner/sim/simulation/run_costs.h"
#include "planner/sim/simulation/timed_planner.h"
#include "planner/sim/workload/workload.h"

#include <chrono>

namespace braid {
namespace {

constexpr std::int64_t kProgressEveryNs = 2'000'000'000;  // of simulated time

}  // namespace

Result<SimulationResult> Simulate(const SimulationSpec& spec, Observer* observer,
                                  const ProgressCheck& progress) {
  const auto started = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(ValidateClusterSpec(spec.cluster));
  const ClusterSpec cluster = ClusterFor(spec.policy.name, spec.cluster);
  ASSIGN_OR_RETURN(RunCosts run_costs, RunCosts::Make(spec, cluster));
  const CostModel& costs = run_costs.actual();
  ASSIGN_OR_RETURN(const std::unique_ptr<Planner> policy,
                   MakePolicy(spec.policy, run_costs.believed(), cluster));
  ASSIGN_OR_RETURN(const std::unique_ptr<RequestSource> source, OpenWorkload(spec.workload));

  Metrics metrics({.slo = spec.slo,
                   .num_instances = cluster.num_instances(),
                   .kv_slots = costs.kv_slots() * cluster.num_instances(),
                   .long_prompt_tokens = spec.long_prompt_tokens});
  FastClock clock(costs, cluster, spec.planning_ns);
  TimedPlanner planner(*policy);
  ObservingListener listener(metrics, observer, clock);
  LearningListener learner(listener, clock, run_costs, spec.observe);
  Engine engine({.num_instances = cluster.num_instances(),
                 .kv_slots = costs.kv_slots(),
                 .max_strands = cluster.max_strands},
                planner, clock, learner);

  SimulationResult result;
  if (progress == nullptr) {
    RETURN_IF_ERROR(engine.Run(*source));
  } else {
    for (std::int64_t until = kProgressEveryNs;; until += kProgressEveryNs) {
      RETURN_IF_ERROR(engine.Run(*source, until));
      result.interrupted = !progress(engine.counts().finished, engine.now_ns());
      if (result.interrupted || engine.idle()) break;
    }
  }
  listener.AddUnfinished(engine.view());
  result.summary = metrics.Summarize();
  result.counts = engine.counts();
  result.summary.prediction = learner.error();
  result.templates = run_costs.template_uses();
  result.planner_seconds = planner.seconds();
  result.planner_p50_us = planner.QuantileUs(0.5);
  result.planner_p99_us = planner.QuantileUs(0.99);
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace braid
