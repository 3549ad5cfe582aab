#pragma once

#include "base/status.h"

namespace braid {

struct Scenario;

/// Tries what an idle cluster could do for the scenario's requests: builds each policy's cost
/// model, sets slo.ideal_prefill_ns, and looks at the first 10,000 requests. What a part of the
/// requests cannot have becomes a warning.
/// Errors: where the cluster cannot hold the model, no request fits, or no request can meet a
/// limit; those of the workload.
Status TryIdleCluster(Scenario& scenario);

}  // namespace braid
