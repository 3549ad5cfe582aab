#include "planner/sim/bound/bound.h"

#include "planner/sim/bound/failure_allowance.h"
#include "planner/sim/bound/lowest_costs.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace braid {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::size_t kNumThresholds = 8;

/// What one request makes every policy do.
struct Work {
  double rows = 0;
  double sampled = 0;
  double pairs = 0;
  double context = 0;       ///< KV tokens read, over all its decode rows
  double steps_by_kv = 0;   ///< instances x steps that its decode rows fill, by KV slots ...
  double steps_by_slo = 0;  ///< ... and by how many rows a step may have within the TPOT limit
};

Work WorkOf(const TrafficRequest& request, const LaneCosts& compute, double slots,
            double tpot_limit_ns) {
  const double prompt = static_cast<double>(request.prompt_tokens);
  const double decoded = static_cast<double>(request.output_tokens - 1);
  Work work;
  work.rows = prompt + decoded;
  work.sampled = decoded + 1;
  work.pairs = prompt * prompt;
  work.context = decoded * prompt + decoded * (decoded + 1) / 2;
  work.steps_by_kv = work.context / slots;
  const double row_ns = compute.row_products.unit_ns + compute.row_ns + compute.sampled_ns +
                        compute.sampled_products.unit_ns + compute.context_ns * prompt;
  work.steps_by_slo = decoded * row_ns / tpot_limit_ns;
  return work;
}

/// Of max(unit x work, read x steps) one is charged to all requests alike: a choice for each kind
/// of product, and one between the two counts of steps. Every choice is a lower bound.
struct Choice {
  bool rows_read;
  bool sampled_read;
  bool steps_by_slo;
};

double LaneNs(const Work& work, const LaneCosts& lane, const Choice& choice) {
  const double steps = choice.steps_by_slo ? work.steps_by_slo : work.steps_by_kv;
  double ns = work.rows * lane.row_ns + work.sampled * lane.sampled_ns + work.pairs * lane.pair_ns +
              work.context * lane.context_ns + steps * lane.step_ns;
  ns +=
      choice.rows_read ? steps * lane.row_products.read_ns : work.rows * lane.row_products.unit_ns;
  ns += choice.sampled_read ? steps * lane.sampled_products.read_ns
                            : work.sampled * lane.sampled_products.unit_ns;
  return ns;
}

class BoundSearch {
 public:
  BoundSearch(const CostModel& cost, std::span<const TrafficRequest> requests,
              const BoundRules& rules)
      : requests_(requests),
        instances_(rules.num_instances),
        lowest_(LowestCostsOf(cost, rules.num_instances)),
        allowance_(Prompts(requests), 1 - rules.attainment, 1 - rules.decile_attainment),
        costs_(requests.size()) {
    const double slots = static_cast<double>(cost.kv_slots());
    const double limit_ns = static_cast<double>(rules.tpot_limit_ns);
    for (const TrafficRequest& request : requests) {
      work_.push_back(WorkOf(request, lowest_.compute, slots, limit_ns));
    }
  }

  RateBound Run() {
    constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
    RateBound bound;
    bound.compute_rate = RateOf(LaneSum(lowest_.compute, kAll) / instances_);
    bound.network_rate = RateOf(LaneSum(lowest_.network, kAll) / instances_);
    bound.kv_rate = RateOf(KvSum(kAll) / instances_);
    bound.rate = std::min({bound.compute_rate, bound.network_rate, bound.kv_rate});
    bound.run_rate = RateOf(LongestRun());
    return bound;
  }

 private:
  static std::vector<std::int64_t> Prompts(std::span<const TrafficRequest> requests) {
    std::vector<std::int64_t> prompts;
    for (const TrafficRequest& request : requests) prompts.push_back(request.prompt_tokens);
    return prompts;
  }

  double RateOf(double run_ns) const {
    if (run_ns <= 0) return std::numeric_limits<double>::infinity();
    return static_cast<double>(requests_.size()) * kNsPerSecond / run_ns;
  }

  /// Of all requests allowed at most `threshold` ns, the least that those kept charge.
  template <typename Cost>
  double LeastSum(std::int64_t threshold, const Cost& cost) {
    for (std::size_t r = 0; r < requests_.size(); ++r) {
      costs_[r] = requests_[r].allowed_ns <= threshold ? cost(work_[r]) : 0;
    }
    return allowance_.LeastSum(costs_);
  }

  double LaneSum(const LaneCosts& lane, std::int64_t threshold) {
    double most = 0;
    for (int bits = 0; bits < 8; ++bits) {
      const Choice choice{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
      if (choice.rows_read && lane.row_products.read_ns == 0) continue;
      if (choice.sampled_read && lane.sampled_products.read_ns == 0) continue;
      most = std::max(
          most, LeastSum(threshold, [&](const Work& work) { return LaneNs(work, lane, choice); }));
    }
    return most;
  }

  double KvSum(std::int64_t threshold) {
    return LeastSum(threshold,
                    [&](const Work& work) { return work.steps_by_kv * lowest_.token_step_ns; });
  }

  /// The shortest time in which the requests can arrive. Those that are allowed up to l must be
  /// done l after the last arrival, for every l.
  double LongestRun() {
    std::vector<std::int64_t> allowed;
    for (const TrafficRequest& request : requests_) allowed.push_back(request.allowed_ns);
    std::sort(allowed.begin(), allowed.end());
    if (allowed.front() <= 0) return 0;
    double run_ns = 0;
    for (std::size_t t = 1; t <= kNumThresholds; ++t) {
      const std::int64_t threshold = allowed[t * allowed.size() / kNumThresholds - 1];
      const double work_ns = std::max({LaneSum(lowest_.compute, threshold),
                                       LaneSum(lowest_.network, threshold), KvSum(threshold)});
      run_ns = std::max(run_ns, work_ns / instances_ - static_cast<double>(threshold));
    }
    return run_ns;
  }

  std::span<const TrafficRequest> requests_;
  double instances_;
  LowestCosts lowest_;
  FailureAllowance allowance_;
  std::vector<Work> work_;
  std::vector<double> costs_;
};

Status Validate(std::span<const TrafficRequest> requests, const BoundRules& rules) {
  if (requests.empty()) return InvalidArgument("a bound needs at least one request");
  if (rules.num_instances < 1) {
    return InvalidArgument("a bound needs at least 1 instance, not " +
                           std::to_string(rules.num_instances));
  }
  for (const double share : {rules.attainment, rules.decile_attainment}) {
    if (share >= 0 && share <= 1) continue;
    return InvalidArgument("an attainment is a share between 0 and 1, not " +
                           std::to_string(share));
  }
  if (rules.tpot_limit_ns < 1) {
    return InvalidArgument("a TPOT limit is at least 1 ns, not " +
                           std::to_string(rules.tpot_limit_ns));
  }
  for (const TrafficRequest& request : requests) {
    if (request.prompt_tokens >= 1 && request.output_tokens >= 1) continue;
    return InvalidArgument("prompts and outputs have at least 1 token, not " +
                           std::to_string(request.prompt_tokens) + " and " +
                           std::to_string(request.output_tokens));
  }
  return {};
}

}  // namespace

Result<RateBound> BoundRate(const CostModel& cost, std::span<const TrafficRequest> requests,
                            const BoundRules& rules) {
  RETURN_IF_ERROR(Validate(requests, rules));
  return BoundSearch(cost, requests, rules).Run();
}

}  // namespace braid
