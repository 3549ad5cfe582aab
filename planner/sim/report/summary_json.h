#pragma once

#include "planner/sim/report/summary.h"

#include <span>
#include <string>

namespace braid {

/// {"policies": [{"policy": name, ...}, ...]}: all figures of each run, the keys always in the same
/// order and named as in docs/metrics.md; the same bytes for the same figures on every machine.
/// Names are ours or a user's, any text.
std::string SummaryJson(std::span<const NamedSummary> runs);

}  // namespace braid
