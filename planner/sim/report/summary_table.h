#pragma once

#include "planner/sim/report/summary.h"

#include <span>
#include <string>

namespace braid {

/// All figures for a terminal, one column for each run, names of rows at the left. Rows that say
/// nothing for any of the runs (no search for goodput, no prompts called long) are left out.
std::string SummaryTable(std::span<const NamedSummary> runs);

}  // namespace braid
