#include "planner/cost/approximate_rates.h"

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
  double compute_task_ns = 0;
  double network_task_ns = 0;
  double speed = 0;

  bool chain() const { return compute + network <= kChain; }
};

struct Factors {
  double compute = 1;
  double network = 1;
  double quantum_ns = 0;
};

double Other(const std::vector<Share>& shares, std::size_t mine, double Share::*lane) {
  double sum = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i != mine) sum += shares[i].*lane * shares[i].speed;
  }
  return sum;
}

/// How long one that comes back to a lane after `away_ns` waits for the piece that is on it: others
/// began their pieces when it left.
double Wait(double piece_ns, double away_ns) { return std::max(piece_ns - away_ns, piece_ns / 2); }

/// The mean length of a piece that others have on a lane.
double Piece(const std::vector<Share>& shares, std::size_t mine, double Share::*lane,
             double Share::*task_ns, double quantum_ns) {
  double sum = 0;
  double weight = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i == mine) continue;
    const double here = shares[i].*lane * shares[i].speed;
    sum += here * std::min(quantum_ns, shares[i].*task_ns);
    weight += here;
  }
  return weight > 0 ? sum / weight : 0;
}

/// What a strand waits a step, of its time alone, for lanes that others hold when it comes back.
double Waits(const std::vector<Share>& shares, std::size_t index, double quantum_ns,
             double beside_compute, double beside_network) {
  const Share& mine = shares[index];
  if (!mine.chain() || mine.turns_per_ns <= 0) return 0;
  const double compute =
      Wait(Piece(shares, index, &Share::compute, &Share::compute_task_ns, quantum_ns),
           mine.network / mine.turns_per_ns);
  const double network =
      Wait(Piece(shares, index, &Share::network, &Share::network_task_ns, quantum_ns),
           mine.compute / mine.turns_per_ns);
  return mine.turns_per_ns * (compute * beside_network + network * beside_compute);
}

double TaskNs(std::int64_t known_ns, std::int64_t lane_ns, std::int64_t turns) {
  if (known_ns > 0) return static_cast<double>(known_ns);
  return static_cast<double>(lane_ns) / static_cast<double>(std::max<std::int64_t>(turns, 1));
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
    time += Waits(shares, i, contention.quantum_ns, beside_compute, beside_network);
    time = std::max({time, compute_time, network_time, 1.0});
    if (mine.chain()) time = std::max(time, mine.turns_per_ns * turn_ns);
    speeds.push_back(1 / time);
    compute_taken = std::min(1.0, compute_taken + compute / time);
    network_taken = std::min(1.0, network_taken + network / time);
    if (mine.turns_per_ns > 0) turn_ns = std::max(turn_ns, time / mine.turns_per_ns);
  }
  return speeds;
}

/// Sums over tasks of the square of their ns.
struct Squares {
  double compute = 0;
  double network = 0;
};

std::int64_t MeanTaskNs(double squares, std::int64_t lane_ns) {
  return lane_ns == 0 ? 0 : static_cast<std::int64_t>(squares / static_cast<double>(lane_ns));
}

void AddSection(const TimedTemplate& tmpl, const Section& section, const StepSizes& sizes,
                std::int64_t times, StrandShape& shape, Squares& squares) {
  if (section.num_tasks == 0) return;
  Lane before =
      times > 1 ? tmpl.tasks[section.first_task + section.num_tasks - 1].lane : Lane::kCompute;
  for (std::uint32_t i = section.first_task; i < section.first_task + section.num_tasks; ++i) {
    const TimedTask& task = tmpl.tasks[i];
    const std::int64_t task_ns = task.Ns(sizes);
    const bool compute = task.lane == Lane::kCompute;
    (compute ? shape.compute_ns : shape.network_ns) += times * task_ns;
    const auto squared = static_cast<double>(task_ns) * static_cast<double>(task_ns);
    (compute ? squares.compute : squares.network) += static_cast<double>(times) * squared;
    if (task.lane == Lane::kNetwork && before == Lane::kCompute) shape.num_turns += times;
    before = task.lane;
  }
}

constexpr std::int64_t kDecomposition = 8;  // as Discipline has it

// Rounds cut matrix products and the network only.
bool IsUncut(const TimedTask& task) {
  return task.lane == Lane::kCompute && !(task.cuttable && task.work == WorkClass::kMatMul);
}

void AddTurns(const TimedTemplate& tmpl, const StepSizes& sizes, StrandShape& shape) {
  std::size_t turn = 0;
  for (std::uint32_t i = 0; i < tmpl.layer.num_tasks; ++i) {
    const TimedTask& task = tmpl.tasks[tmpl.layer.first_task + i];
    if (i > 0 && task.lane == Lane::kCompute &&
        tmpl.tasks[tmpl.layer.first_task + i - 1].lane == Lane::kNetwork) {
      if (++turn == StrandShape::kMostTurns) return;
    }
    TurnShape& mine = shape.turns[turn];
    const std::int64_t task_ns = task.Ns(sizes);
    if (task.lane == Lane::kNetwork) {
      mine.network_ns += task_ns;
    } else if (IsUncut(task) && task_ns > mine.uncut_ns) {
      mine.before_ns += mine.uncut_ns + mine.after_ns;
      mine.grain_ns = std::max(mine.grain_ns, mine.uncut_ns);
      mine.uncut_ns = task_ns;
      mine.after_ns = 0;
    } else {
      mine.after_ns += task_ns;
      mine.grain_ns = std::max(mine.grain_ns, IsUncut(task) ? task_ns : task_ns / kDecomposition);
    }
  }
  if (tmpl.layer.num_tasks == 0) return;
  shape.num_layer_turns = static_cast<std::int32_t>(turn) + 1;
  shape.num_layers = tmpl.num_layers;
}

}  // namespace

StrandShape ShapeOf(const TimedTemplate& tmpl, const StepSizes& sizes, std::int64_t step_ns) {
  StrandShape shape;
  shape.step_ns = step_ns;
  Squares squares;
  AddSection(tmpl, tmpl.prologue, sizes, 1, shape, squares);
  AddSection(tmpl, tmpl.layer, sizes, tmpl.num_layers, shape, squares);
  AddSection(tmpl, tmpl.epilogue, sizes, 1, shape, squares);
  shape.compute_task_ns = MeanTaskNs(squares.compute, shape.compute_ns);
  shape.network_task_ns = MeanTaskNs(squares.network, shape.network_ns);
  AddTurns(tmpl, sizes, shape);
  return shape;
}

std::vector<std::int64_t> ApproximateRates(std::span<const StrandShape> strands,
                                           const CoRunConditions& conditions) {
  constexpr auto kOne = static_cast<double>(ContentionMatrix::kOne);
  const Factors contention = {static_cast<double>(conditions.compute_contention) / kOne,
                              static_cast<double>(conditions.network_contention) / kOne,
                              static_cast<double>(conditions.quantum_ns)};
  std::vector<Share> shares;
  for (const StrandShape& strand : strands) {
    const auto step = static_cast<double>(std::max<std::int64_t>(strand.step_ns, 1));
    const auto turns = static_cast<double>(strand.num_turns);
    shares.push_back(
        {.compute = static_cast<double>(strand.compute_ns) / step,
         .network = static_cast<double>(strand.network_ns) / step,
         .turns_per_ns = turns / step,
         .compute_task_ns = TaskNs(strand.compute_task_ns, strand.compute_ns, strand.num_turns),
         .network_task_ns = TaskNs(strand.network_task_ns, strand.network_ns, strand.num_turns)});
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
