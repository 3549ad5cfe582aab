#pragma once

#include "launch/contradictions.h"
#include "launch/scenario_options.h"
#include "planner/sim/workload/workload_spec.h"

namespace braid {

/// Settles which kind of workload the options mean: a name, a trace's path, or lengths of their
/// own. What is wrong goes to `given`.
void FindWorkload(const ScenarioOptions& options, WorkloadSpec& workload, Contradictions& given);

}  // namespace braid
