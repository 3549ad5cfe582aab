#include "planner/sim/clock/approximate_rates.h"

#include <algorithm>

namespace braid {
namespace {

// Everything below is +, -, *, /, min and max of doubles, which are the same on every machine.
constexpr double kLeastShare = 1e-3;  // of a lane that a strand is given to go on with
constexpr double kChain = 1.01;       // busy shares that sum to more belong to lanes that overlap
constexpr int kRefinements = 3;

struct Share {
  double compute = 0;  // of the strand's time alone
  double network = 0;
  double turns_per_ns = 0;
  double quantum_turns = 0;  // quanta in its step, one a turn, as a share of the step
  double speed = 0;

  bool chain() const { return compute + network <= kChain; }
};

struct Factors {
  double compute = 1;
  double network = 1;
};

double Other(const std::vector<Share>& shares, std::size_t mine, double Share::*lane) {
  double sum = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i != mine) sum += shares[i].*lane * shares[i].speed;
  }
  return sum;
}

// One pass from the primary down, with the contention that the speeds of the last pass cause.
std::vector<double> Pass(const std::vector<Share>& shares, const Factors& contention) {
  std::vector<double> speeds;
  double compute_taken = 0;
  double network_taken = 0;
  double turn_ns = 0;  // the slowest turn of those before
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const Share& mine = shares[i];
    const double speed = mine.speed > 0 ? mine.speed : 1;
    // Chance that others are on one lane while this strand is on the other.
    const double beside_compute = std::min(
        1.0, Other(shares, i, &Share::network) / std::max(1 - mine.network * speed, kLeastShare));
    const double beside_network = std::min(
        1.0, Other(shares, i, &Share::compute) / std::max(1 - mine.compute * speed, kLeastShare));
    const double compute = mine.compute * (1 + (contention.compute - 1) * beside_compute);
    const double network = mine.network * (1 + (contention.network - 1) * beside_network);
    const double compute_time = compute / std::max(1 - compute_taken, kLeastShare);
    const double network_time = network / std::max(1 - network_taken, kLeastShare);
    const double busy = mine.compute + mine.network;
    double time = (std::max(0.0, 1 - busy) + compute_time + network_time) / std::max(1.0, busy);
    if (mine.chain()) time += mine.quantum_turns / 2 * (beside_compute + beside_network);
    time = std::max({time, compute_time, network_time, 1.0});
    if (mine.chain()) time = std::max(time, mine.turns_per_ns * turn_ns);
    speeds.push_back(1 / time);
    compute_taken = std::min(1.0, compute_taken + compute / time);
    network_taken = std::min(1.0, network_taken + network / time);
    if (mine.turns_per_ns > 0) turn_ns = std::max(turn_ns, time / mine.turns_per_ns);
  }
  return speeds;
}

void AddSection(const TimedTemplate& tmpl, const Section& section, const StepSizes& sizes,
                std::int64_t times, StrandShape& shape) {
  if (section.num_tasks == 0) return;
  Lane before =
      times > 1 ? tmpl.tasks[section.first_task + section.num_tasks - 1].lane : Lane::kCompute;
  for (std::uint32_t i = section.first_task; i < section.first_task + section.num_tasks; ++i) {
    const TimedTask& task = tmpl.tasks[i];
    (task.lane == Lane::kCompute ? shape.compute_ns : shape.network_ns) += times * task.Ns(sizes);
    if (task.lane == Lane::kNetwork && before == Lane::kCompute) shape.num_turns += times;
    before = task.lane;
  }
}

}  // namespace

StrandShape ShapeOf(const TimedTemplate& tmpl, const StepSizes& sizes, std::int64_t step_ns) {
  StrandShape shape;
  shape.step_ns = step_ns;
  AddSection(tmpl, tmpl.prologue, sizes, 1, shape);
  AddSection(tmpl, tmpl.layer, sizes, tmpl.num_layers, shape);
  AddSection(tmpl, tmpl.epilogue, sizes, 1, shape);
  return shape;
}

std::vector<std::int64_t> ApproximateRates(std::span<const StrandShape> strands,
                                           const CoRunConditions& conditions) {
  constexpr auto kOne = static_cast<double>(ContentionMatrix::kOne);
  const Factors contention = {static_cast<double>(conditions.compute_contention) / kOne,
                              static_cast<double>(conditions.network_contention) / kOne};
  std::vector<Share> shares;
  for (const StrandShape& strand : strands) {
    const auto step = static_cast<double>(std::max<std::int64_t>(strand.step_ns, 1));
    const auto turns = static_cast<double>(strand.num_turns);
    shares.push_back({.compute = static_cast<double>(strand.compute_ns) / step,
                      .network = static_cast<double>(strand.network_ns) / step,
                      .turns_per_ns = turns / step,
                      .quantum_turns = turns * static_cast<double>(conditions.quantum_ns) / step});
  }
  for (int refinement = 0; refinement <= kRefinements; ++refinement) {
    const std::vector<double> speeds = Pass(shares, contention);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      shares[i].speed = refinement == 0 ? speeds[i] : (shares[i].speed + speeds[i]) / 2;
    }
  }
  std::vector<std::int64_t> rates;
  for (const Share& share : shares)
    rates.push_back(static_cast<std::int64_t>(share.speed * kOne + 0.5));
  return rates;
}

}  // namespace braid
