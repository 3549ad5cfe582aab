#pragma once

#include "base/status.h"
#include "planner/cost/cost_model.h"

#include <cstdint>
#include <span>

namespace braid {

/// One request of the workload that a bound is asked for.
struct TrafficRequest {
  std::int64_t prompt_tokens = 1;
  std::int64_t output_tokens = 1;
  /// From its arrival to its last token, if it is to meet the SLO; 0: however long.
  std::int64_t allowed_ns = 0;
};

/// By what rule a rate is good, and where.
struct BoundRules {
  std::int32_t num_instances = 1;
  double attainment = 0.9;
  double decile_attainment = 0;  ///< 0: deciles do not count
  std::int64_t tpot_limit_ns = 50'000'000;
};

/// Requests a second that no policy can serve by the rule, whatever it does: docs/metrics.md argues
/// why. Each resource of the instances bounds the rate alone; the lowest counts.
struct RateBound {
  double rate = 0;      ///< of traffic like the sample that goes on and on
  double run_rate = 0;  ///< of a run of just these requests: the end of its queue is served later
  double compute_rate = 0;  ///< `rate` by one resource alone
  double network_rate = 0;
  double kv_rate = 0;
};

/// Errors: InvalidArgument where the sample is empty, a length is below 1, or a rule is no share.
/// Cost: templates of all degrees once a cost model, then O(n log n), some 50 sorts.
Result<RateBound> BoundRate(const CostModel& cost, std::span<const TrafficRequest> requests,
                            const BoundRules& rules);

}  // namespace braid
