#include "planner/cost/paced_rates.h"

#include <algorithm>

namespace braid {
namespace {

constexpr auto kOne = static_cast<double>(ContentionMatrix::kOne);

bool Pauses(const PacedStrand& strand) { return strand.period_ns > strand.shape.step_ns; }

// Everything below is +, -, *, / and min of doubles, which are the same on every machine.
std::vector<double> Mix(std::vector<PacedStrand> strands, const CoRunConditions& conditions) {
  const auto paced = std::find_if(strands.begin(), strands.end(), Pauses);
  if (paced == strands.end()) {
    std::vector<StrandShape> shapes;
    for (const PacedStrand& strand : strands) shapes.push_back(strand.shape);
    const std::vector<std::int64_t> rates = ApproximateRates(shapes, conditions);
    return {rates.begin(), rates.end()};
  }
  const std::ptrdiff_t index = paced - strands.begin();
  const auto period = static_cast<double>(paced->period_ns);
  const auto pass = static_cast<double>(std::max<std::int64_t>(paced->shape.step_ns, 1));
  paced->period_ns = 0;
  std::vector<double> rates = Mix(strands, conditions);
  double& mine = rates[static_cast<std::size_t>(index)];
  const double busy = pass / std::max(mine, 1.0) * kOne / period;  // of the period
  if (busy >= 1) {
    mine = mine * period / pass;
    return rates;
  }
  mine = kOne;
  strands.erase(strands.begin() + index);
  const std::vector<double> meanwhile = Mix(std::move(strands), conditions);
  for (std::size_t i = 0, other = 0; i < rates.size(); ++i) {
    if (static_cast<std::ptrdiff_t>(i) == index) continue;
    rates[i] = busy * rates[i] + (1 - busy) * meanwhile[other++];
  }
  return rates;
}

}  // namespace

std::vector<std::int64_t> PacedRates(std::span<const PacedStrand> strands,
                                     const CoRunConditions& conditions) {
  std::vector<std::int64_t> rates;
  for (const double rate : Mix({strands.begin(), strands.end()}, conditions)) {
    rates.push_back(static_cast<std::int64_t>(std::min(rate, kOne) + 0.5));
  }
  return rates;
}

}  // namespace braid
