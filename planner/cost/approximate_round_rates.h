#pragma once

#include "planner/cost/approximate_rates.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A guess at CoRun::Rates under Liger's rounds (RoundLanes), cheap enough for every plan.
/// `strands` begin with the oldest, which is the primary. Speeds in 1/1024 of the speed alone;
/// their sum is how many strands' worth of work the rank does at once, so taking turns has 1024.
/// The quantum plays no part, and compute has one contention factor, whatever it is.
///
/// Runs some hundred rounds over the turns of a layer instead of its tasks: in each, the primary
/// does its compute or its transfers up to the next of the other kind, and the others, in order,
/// as much of the other kind as fits; what may not be cut waits for a window that it fits. A strand
/// that overlaps its own lanes alone (a ring) is a chain in a round and is slower for that.
/// Cost:   1.3 us for a pair, 1.7 us for three; twice that where steps have pauses.
/// Source: ours, found and tested against CoRun. Of the full speed, on random strands off by less
///         than 0.1 % in the median, 1 to 2 % in nine of ten, 16 % at worst. On pairs and triples
///         of steps of whole runs by 0.2 to 0.6 % in the median, 1 to 15 % in nine of ten, and half
///         at worst: a task just longer than a window stops its strand, one just shorter does not.
std::vector<std::int64_t> ApproximateRoundRates(std::span<const StrandShape> strands,
                                                const CoRunConditions& conditions);

}  // namespace braid
