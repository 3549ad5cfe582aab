#include "planner/sim/simulation/goodput.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

constexpr double kHighestRate = 1e5;
constexpr std::int64_t kFewestRequests = 300;
constexpr double kRequestsPerRate = 1000;

Result<RatePoint> Measure(SimulationSpec& spec, const GoodputSearch& search, double rate) {
  spec.workload.rate = rate;
  spec.workload.num_requests = RequestsAt(rate, spec.workload, search);
  ASSIGN_OR_RETURN(const SimulationResult result, Simulate(spec, nullptr, search.during));
  if (result.interrupted) return Aborted("interrupted");
  RatePoint point = {.rate = rate,
                     .attainment = result.summary.attainment,
                     .worst_decile = result.summary.worst_decile};
  point.good = point.attainment >= search.rule.attainment &&
               point.worst_decile >= search.rule.decile_attainment;
  return point;
}

}  // namespace

std::int64_t RequestsAt(double rate, const WorkloadSpec& workload, const GoodputSearch& search) {
  if (workload.kind == WorkloadKind::kTrace) return workload.num_requests;
  const auto wanted = static_cast<std::int64_t>(std::llround(kRequestsPerRate * rate));
  return search.num_requests > 0 ? search.num_requests : std::max(kFewestRequests, wanted);
}

Result<Goodput> FindGoodput(SimulationSpec spec, const GoodputSearch& search,
                            const std::function<bool(const RatePoint&)>& progress) {
  Goodput found;
  const auto add = [&](double rate) -> Result<bool> {
    ASSIGN_OR_RETURN(const RatePoint point, Measure(spec, search, rate));
    found.points.push_back(point);
    if (point.good) found.rate = std::max(found.rate, rate);
    if (progress != nullptr && !progress(point)) return Aborted("interrupted");
    return point.good;
  };
  double good = 0;
  double bad = search.low;
  while (bad < kHighestRate) {
    ASSIGN_OR_RETURN(const bool is_good, add(bad));
    if (!is_good) break;
    good = bad;
    bad *= 2;
  }
  while (bad - good > search.precision * bad && bad > search.low * search.precision) {
    const double middle = good > 0 ? std::sqrt(good * bad) : bad / 2;
    ASSIGN_OR_RETURN(const bool is_good, add(middle));
    (is_good ? good : bad) = middle;
  }
  found.rate = good;
  std::sort(found.points.begin(), found.points.end(),
            [](const RatePoint& a, const RatePoint& b) { return a.rate < b.rate; });
  return found;
}

}  // namespace braid
