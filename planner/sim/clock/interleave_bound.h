#pragma once

#include "planner/sim/clock/interleave_workload.h"

namespace braid {

/// A mean latency that no schedule of the workload's batches goes below, in steps of a batch of
/// size 1.0 alone, even with the arrivals known beforehand.
///
/// What holds of every schedule: a batch is a chain, so it goes no faster than alone, and ends half
/// its time alone after the mean time of its work or later. And of compute C and transfers M, in
/// time alone, a rank does no more in T than C + M - (2 - f) min(C, M) <= T, as side by side each
/// is slowed by f: 1 / 0.64 steps a step at a share of 0.40 and f = 1.10. So the work of all
/// batches is to be laid into time slots of that capacity, each slot filled by a batch for no
/// longer than it lasts, at the least sum of mean times: a transport problem, bounded from below by
/// its Lagrange dual at any prices of the slots. The prices are improved by subgradient steps.
///
/// Tasks are taken to be fine: what a batch is ahead in one kind of work within a layer, 0.01 of a
/// step, may be missing. It is a bound, not a value that some schedule reaches: that two batches
/// find each other's lanes free just when they need them is taken for granted.
/// Cost: ~0.1 s for 200 batches.
double LeastMeanLatency(const InterleaveWorkload& workload);

}  // namespace braid
