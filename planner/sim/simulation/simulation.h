#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "plan/cluster_spec.h"
#include "plan/model_spec.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/policy.h"
#include "planner/sim/report/slo.h"
#include "planner/sim/report/summary.h"
#include "planner/sim/request_record.h"
#include "planner/sim/simulation/fast_clock.h"
#include "planner/sim/workload/workload_spec.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace braid {

/// One run: which requests, on which machines, under which policy.
/// Thread: a value.
struct SimulationSpec {
  ClusterSpec cluster;  ///< as the user states it; policies may cut it otherwise (ClusterFor)
  ModelSpec model;
  Profile profile;  ///< what the planner believes of the machines
  /// What they really are: the clock goes by it. None: as `profile` says.
  std::optional<Profile> actual;
  bool observe = true;  ///< with `actual`: the planner's cost model learns from steps that ended
  WorkloadSpec workload;
  PolicyOptions policy;
  Slo slo;
  std::int64_t planning_ns = 0;  ///< host time before each step that was planned anew, not foreseen
  std::int64_t long_prompt_tokens = 0;
};

/// What a run was like beside its requests.
struct SimulationResult {
  Summary summary;
  EngineCounts counts;
  CostModel::TemplateUses templates;  ///< by clock and policy
  bool interrupted = false;
  // Wall clock, different on each machine and run.
  double wall_seconds = 0;
  double planner_p50_us = 0;  ///< of calls that issued a step
  double planner_p99_us = 0;
  double planner_seconds = 0;
};

/// How far a run is; asked about every 10 ms of wall clock. Return false to end the run.
using ProgressCheck = std::function<bool(std::uint64_t finished, std::int64_t now_ns)>;

/// Serves the workload with the engine, the policy and the clock.
/// Errors: InvalidArgument and FailedPrecondition for what the user states (workload, cluster, a
/// model that does not fit); Internal where a policy breaks a rule.
/// Thread: one; runs beside each other are independent.
Result<SimulationResult> Simulate(const SimulationSpec& spec, Observer* observer = nullptr,
                                  const ProgressCheck& progress = nullptr);

}  // namespace braid
