#pragma once

#include "base/status.h"
#include "plan/request.h"
#include "planner/sim/workload/workload_spec.h"

#include <memory>

namespace braid {

/// The requests of `spec`, one at a time; memory does not grow with their number. The same spec
/// gives the same requests on every machine; ids count from 0, in order of arrival.
/// Cost:   a trace is read once here, to check it whole, and once more while it is played.
/// Errors: InvalidArgument of ValidateWorkloadSpec; for traces those of OpenTrace.
/// Thread: the source belongs to one thread.
Result<std::unique_ptr<RequestSource>> OpenWorkload(const WorkloadSpec& spec);

}  // namespace braid
