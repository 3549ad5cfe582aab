#include "planner/sim/bound/lowest_costs.h"

#include "plan/program.h"

#include <algorithm>
#include <array>
#include <limits>

namespace braid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A template's coefficients, added up over all its layers.
struct Sums {
  std::array<LaneCosts, kNumLanes> lanes;
};

void AddTask(const TimedTask& task, double times, LaneCosts& lane) {
  lane.step_ns += static_cast<double>(task.fixed_ns) * times;
  constexpr double kOne = std::int64_t{1} << TimedTask::kCoefficientBits;
  for (const TimedTask::Term& term : task.terms) {
    const double unit_ns = static_cast<double>(term.coefficient) / kOne * times;
    // A floor under anything but these two kinds of product is left out: a bound may be low.
    const double read_ns = static_cast<double>(task.floor_ns) * times;
    switch (term.size) {
      case Size::kRows:
        (read_ns > 0 ? lane.row_products.unit_ns : lane.row_ns) += unit_ns;
        lane.row_products.read_ns += read_ns;
        break;
      case Size::kSampledRows:
        (read_ns > 0 ? lane.sampled_products.unit_ns : lane.sampled_ns) += unit_ns;
        lane.sampled_products.read_ns += read_ns;
        break;
      case Size::kPrefillPairs:
        lane.pair_ns += unit_ns;
        break;
      case Size::kDecodeContext:
        lane.context_ns += unit_ns;
        break;
      default:  // what only groups of several instances pay
        break;
    }
  }
}

Sums SumsOf(const TimedTemplate& timed) {
  Sums sums;
  const auto add = [&](const Section& section, double times) {
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      const TimedTask& task = timed.tasks[section.first_task + i];
      AddTask(task, times, sums.lanes[static_cast<std::size_t>(task.lane)]);
    }
  };
  add(timed.prologue, 1);
  add(timed.layer, timed.num_layers);
  add(timed.epilogue, 1);
  return sums;
}

void Lower(double& lowest, double value) { lowest = std::min(lowest, value); }

void LowerProducts(LaneCosts::Products& lowest, const LaneCosts::Products& value) {
  Lower(lowest.unit_ns, value.unit_ns);
  Lower(lowest.read_ns, value.read_ns);
}

/// Costs of work that `signature` can do, lowered to its own.
void LowerBy(const LaneCosts& costs, const StepSignature& signature, LaneCosts& lowest) {
  LowerProducts(lowest.row_products, costs.row_products);
  LowerProducts(lowest.sampled_products, costs.sampled_products);
  Lower(lowest.row_ns, costs.row_ns);
  Lower(lowest.sampled_ns, costs.sampled_ns);
  if (signature.prefill) Lower(lowest.pair_ns, costs.pair_ns);
  if (signature.decode) Lower(lowest.context_ns, costs.context_ns);
  // Of all kinds: a token may also come from a step that recomputes all before it.
  Lower(lowest.step_ns, costs.step_ns);
}

LaneCosts Highest() {
  const LaneCosts::Products products{kInfinity, kInfinity};
  return {.row_products = products,
          .sampled_products = products,
          .row_ns = kInfinity,
          .sampled_ns = kInfinity,
          .pair_ns = kInfinity,
          .context_ns = kInfinity,
          .step_ns = kInfinity};
}

}  // namespace

LowestCosts LowestCostsOf(const CostModel& cost, std::int32_t max_degree) {
  LowestCosts lowest{.compute = Highest(), .network = Highest(), .token_step_ns = kInfinity};
  StepSizes one_row;
  one_row[Size::kRows] = 1;
  one_row[Size::kSampledRows] = 1;
  for (std::int32_t degree = 1; degree <= std::min(max_degree, cost.max_degree()); ++degree) {
    for (const bool token_split : {false, true}) {
      for (const auto& [prefill, decode] : {std::array{true, false}, {false, true}, {true, true}}) {
        const StepSignature signature{
            .degree = degree, .prefill = prefill, .decode = decode, .token_split = token_split};
        const Sums sums = SumsOf(cost.Timed(signature));
        LowerBy(sums.lanes[static_cast<std::size_t>(Lane::kCompute)], signature, lowest.compute);
        LowerBy(sums.lanes[static_cast<std::size_t>(Lane::kNetwork)], signature, lowest.network);
        Lower(lowest.token_step_ns, static_cast<double>(cost.StepNs(signature, one_row)));
      }
    }
  }
  return lowest;
}

}  // namespace braid
