#pragma once

#include "base/status.h"
#include "plan/program.h"

namespace braid {

/// Part of the static check of one rank: follows which block lies in which visiting buffer. In each
/// layer and half, every block of the ring is retained from and attended to exactly once, only
/// while it is there, a shift sends the block that it says, and attention is merged after the last
/// block; queries that went out come back as partials before the merge. Errors: Internal.
Status CheckSequence(const Template& tmpl);

/// Part of the static check: a product in pieces has all of them, in order, each at least a column.
/// Errors: Internal.
Status CheckCuts(const Template& tmpl);

}  // namespace braid
