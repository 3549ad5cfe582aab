#pragma once

#include "plan/program.h"
#include "plan/step.h"

#include <vector>

namespace braid {

/// What `step` means for a rank of the instance at `ring_index` of its group: which rows are its
/// own, what visits and what of it stays, whose queries come and go, which KV moves. Every instance
/// can tell it for every other. The step must have passed ValidateStep.
///
/// Rows are ordered by half, then striped before mastered, then by request and position. Steps with
/// overlap kTokenSplit have two halves: the first takes the first half of all striped rows, and of
/// each master's rows.
/// A step of one instance has mastered rows only; without a split, Bind says the same.
/// Cost: O(rows + degree * (requests + extents)).
Bindings BindGroup(const Step& step, std::int32_t ring_index);

/// How many rows of each request are in the first half: all of them where the step is not split.
std::vector<std::int32_t> FirstHalfRows(const Step& step);

}  // namespace braid
