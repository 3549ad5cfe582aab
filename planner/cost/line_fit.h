#pragma once

#include "planner/cost/prefill_line.h"

#include <cstdint>
#include <span>

namespace braid {

/// The line a + b x length + c x length^2, none negative, whose largest relative error at these
/// points is about the least.
/// Source: Lawson's iterated weights for approximation in the largest error.
PrefillLine LineThrough(std::span<const std::int64_t> lengths, std::span<const double> times_ns);

}  // namespace braid
