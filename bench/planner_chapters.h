#pragma once

#include "base/status.h"
#include "bench/planner_goodputs.h"
#include "bench/planner_setting.h"
#include "bench/planner_target.h"

namespace braid {

// One function for each row of the project's list of figures of planner and clock. Errors: those of
// the parts that it measures.

/// The cost model against the published prefill times of the A800.
Result<Chapter> CostModelChapter();
/// Interleaving in the clock, against tensor and pipeline parallelism.
Result<Chapter> InterleavingChapter(const FigureOptions& options);
/// P90 goodput of loongserve over the static policies, against the published ratios.
Result<Chapter> RatioChapter(const FigureOptions& options, Goodputs& goodputs);
/// P90 goodput of braid over loongserve, against the bound.
Result<Chapter> BraidChapter(const FigureOptions& options, Goodputs& goodputs);
/// Short prompts beside long ones.
Result<Chapter> BesideChapter(const FigureOptions& options, Goodputs& goodputs);
/// How long a call of the planner takes. Runs alone.
Result<Chapter> PlannerCallChapter(const FigureOptions& options);
/// How fast the simulation is, and how much memory it needs. Runs alone, and first: what a process
/// held before hides what it needs later.
Result<Chapter> SpeedChapter(const FigureOptions& options);
/// The same run twice.
Result<Chapter> DeterminismChapter();

}  // namespace braid
