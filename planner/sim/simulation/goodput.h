#pragma once

#include "planner/sim/simulation/simulation.h"

#include <functional>
#include <vector>

namespace braid {

/// How a rate is judged: the share of requests that meet the SLO in all, and of each length decile.
struct GoodputRule {
  double attainment = 0.9;
  double decile_attainment = 0;  ///< 0: deciles do not count
};

struct GoodputSearch {
  GoodputRule rule;
  double low = 0.01;        ///< requests a second to begin at
  double precision = 0.01;  ///< of the answer, relative
  /// Requests of a run at `rate`: LoongServe's 1,000 x rate where set to 0.
  std::int64_t num_requests = 0;
  /// Asked while each rate is tried; false ends the search with Aborted.
  ProgressCheck during = nullptr;
};

/// How many requests a run at `rate` has; 0 where a trace says it.
std::int64_t RequestsAt(double rate, const WorkloadSpec& workload, const GoodputSearch& search);

struct RatePoint {
  double rate = 0;
  double attainment = 0;
  double worst_decile = 0;
  bool good = false;
};

struct Goodput {
  double rate = 0;  ///< highest good rate found, 0 where none is
  std::vector<RatePoint> points;
};

/// The highest rate that the policy serves by the rule: doubles until a rate is not good, then
/// halves the interval geometrically, down to the precision.
/// Cost: about 12 simulations.
/// Errors: those of Simulate.
Result<Goodput> FindGoodput(SimulationSpec spec, const GoodputSearch& search,
                            const std::function<bool(const RatePoint&)>& progress = nullptr);

}  // namespace braid
