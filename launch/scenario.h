#pragma once

#include "base/status.h"
#include "launch/contradictions.h"
#include "launch/scenario_options.h"
#include "planner/sim/simulation/simulation.h"

#include <string>
#include <vector>

namespace braid {

/// What is to be simulated, checked.
struct Scenario {
  SimulationSpec spec;  ///< policy.name aside
  std::vector<std::string> policies;
  std::vector<std::string> warnings = {};  ///< a line each

  SimulationSpec SpecFor(const std::string& policy) const;
};

/// Turns options into a scenario: finds model, profile and workload, and tries what can be known
/// before a run: whether options contradict each other, the model fits, requests fit into the KV
/// slots, limits can be met on an idle cluster.
/// `more` has the contradictions that the command found itself.
/// Cost:   a cost model for each way that policies cut the cluster (a few ms); reads a trace's
///         first 10,000 requests.
/// Errors: InvalidArgument, FailedPrecondition or NotFound; contradictions all in one message.
Result<Scenario> SettleScenario(const ScenarioOptions& options, Contradictions& more);

}  // namespace braid
