#pragma once

#include "planner/cost/approximate_rates.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A strand that begins its passes at least `period_ns` apart; 0: one after the other.
struct PacedStrand {
  StrandShape shape;  ///< of a pass
  std::int64_t period_ns = 0;
};

/// ApproximateRates where strands may pause between passes: the others have the ranks to themselves
/// meanwhile. Speeds in 1/1024 of the speed alone, pauses included.
/// Cost: that of ApproximateRates, twice for each strand that pauses.
std::vector<std::int64_t> PacedRates(std::span<const PacedStrand> strands,
                                     const CoRunConditions& conditions);

}  // namespace braid
