#include "planner/cost/approximate_round_rates.h"

#include <algorithm>
#include <array>

namespace braid {
namespace {

// Everything below is +, -, *, /, min and max of doubles, which are the same on every machine.
constexpr auto kOne = static_cast<double>(ContentionMatrix::kOne);
constexpr int kWarmUpRounds = 16;  // before it is measured
constexpr int kFewestRounds = 64;  // measured
constexpr int kMostRounds = 256;

// What a strand does one after the other: compute that may be cut, a task that may not, compute
// that may be cut, the network.
constexpr std::size_t kPieces = 4;
constexpr std::size_t kUncut = 1;
constexpr std::size_t kNetwork = 3;
constexpr std::size_t kGrain = 4;  // no piece: what of the first and third goes whole
using Turn = std::array<double, kPieces + 1>;

// A strand on its way.
struct Chain {
  std::array<Turn, StrandShape::kMostTurns> turns = {};
  std::int32_t num_turns = 0;  // of a layer
  std::int32_t num_layers = 0;
  Turn tail = {};    // the turn behind the layers
  double pause = 0;  // ns a step in which neither lane is its own
  double step = 0;   // ns alone, as a chain
  // State.
  std::int32_t layer = 0;
  std::int32_t turn = 0;
  std::size_t piece = 0;
  double left = 0;  // of that piece, ns
  double ready = 0;
  double progress = 0;  // ns alone that it has behind it

  bool on_network() const { return piece == kNetwork; }
  const Turn& now() const {
    return layer == num_layers ? tail : turns[static_cast<std::size_t>(turn)];
  }
};

// Goes to the next piece that is not empty. True where a step ends.
bool Next(Chain& chain) {
  bool ended = false;
  do {
    if (++chain.piece < kPieces) continue;
    chain.piece = 0;
    if (chain.layer == chain.num_layers) {
      chain.layer = 0;
      ended = true;
    } else if (++chain.turn == chain.num_turns) {
      chain.turn = 0;
      ++chain.layer;
    }
  } while (chain.now()[chain.piece] <= 0);
  chain.left = chain.now()[chain.piece];
  return ended;
}

// To the piece that is hardest to fit, where a strand that cannot go on ends up.
void Rewind(Chain& chain) {
  double hardest = 0;
  for (std::int32_t i = 0; i < chain.num_turns; ++i) {
    const Turn& turn = chain.turns[static_cast<std::size_t>(i)];
    for (std::size_t piece = 0; piece < kNetwork; ++piece) {
      const double whole = piece == kUncut ? turn[kUncut] : std::min(turn[piece], turn[kGrain]);
      if (whole <= hardest) continue;
      hardest = whole;
      chain.turn = i;
      chain.piece = piece;
    }
  }
  if (chain.now()[chain.piece] <= 0) (void)Next(chain);
  chain.left = chain.now()[chain.piece];
}

Turn TurnOf(const TurnShape& shape) {
  return {static_cast<double>(shape.before_ns), static_cast<double>(shape.uncut_ns),
          static_cast<double>(shape.after_ns), static_cast<double>(shape.network_ns),
          static_cast<double>(shape.grain_ns)};
}

Chain MakeChain(const StrandShape& shape) {
  Chain chain;
  auto compute = static_cast<double>(shape.compute_ns);
  auto network = static_cast<double>(shape.network_ns);
  const auto alone = static_cast<double>(std::max<std::int64_t>(shape.step_ns, 1));
  if (compute + network <= 0) compute = alone;
  chain.pause = std::max(0.0, alone - compute - network);
  chain.step = compute + network + chain.pause;
  if (shape.num_layers > 0) {
    chain.num_turns = shape.num_layer_turns;
    chain.num_layers = shape.num_layers;
    const auto times = static_cast<double>(shape.num_layers);
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.num_layer_turns); ++i) {
      const Turn turn = TurnOf(shape.turns[i]);
      chain.turns[i] = turn;
      compute -= times * (turn[0] + turn[kUncut] + turn[2]);
      network -= times * turn[kNetwork];
    }
    chain.tail = {std::max(0.0, compute), 0, 0, std::max(0.0, network)};
  } else {
    chain.num_turns = 1;
    chain.num_layers = static_cast<std::int32_t>(std::max<std::int64_t>(shape.num_turns, 1));
    const auto times = static_cast<double>(chain.num_layers);
    chain.turns[0] = {compute / times, 0, 0, network / times};
  }
  Rewind(chain);
  return chain;
}

// As much of the chain's work for one lane as fits into `window` ns. Returns how much that was.
double Fill(Chain& chain, double window, double now, double theirs) {
  const bool network = chain.on_network();
  double filled = 0;
  while (chain.on_network() == network && chain.ready <= now && window > filled) {
    double piece = chain.left;
    if (piece > window - filled) {
      if (chain.piece == kUncut || (!network && window < chain.now()[kGrain])) break;
      piece = window - filled;
    }
    filled += piece;
    chain.progress += piece;
    chain.left -= piece;
    if (chain.left > 0) break;
    if (Next(chain)) {
      chain.ready = now + filled * theirs + chain.pause;
      chain.progress += chain.pause;
      if (chain.pause > 0) break;
    }
  }
  return filled;
}

// Runs the round of chains[primary] that begins at `now`. Returns its end.
double Round(std::vector<Chain>& chains, std::size_t primary, const double (&factor)[2],
             double now) {
  Chain& first = chains[primary];
  const bool network = first.on_network();
  const double mine = factor[network ? 1 : 0];
  const double theirs = factor[network ? 0 : 1];
  double whole = 0;
  bool ended = false;
  do {
    whole += first.left;
    ended = Next(first);
  } while (!ended && first.on_network() == network);
  first.progress += whole;
  const double window = whole / theirs;
  double filled = 0;
  for (Chain& other : chains) {
    if (&other == &first || other.ready > now || other.on_network() == network) continue;
    if (filled >= window) break;
    const bool uncut = other.piece == kUncut;
    const double piece = Fill(other, window - filled, now, theirs);
    filled += piece;
    if (other.on_network() != network && piece <= 0 && uncut) break;  // closes the window
  }
  // The others end first, as they go no further than the window; until then both are slowed.
  const double beside = filled * theirs;
  const double end = now + beside + std::max(0.0, whole - beside / mine);
  if (ended) {
    first.ready = end + first.pause;
    first.progress += first.pause;
  }
  return end;
}

// The strand whose round begins at `now`, which is moved to where one is ready.
std::size_t PrimaryAt(const std::vector<Chain>& chains, double& now) {
  std::size_t soonest = 0;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (chains[i].ready <= now) return i;
    if (chains[i].ready < chains[soonest].ready) soonest = i;
  }
  now = chains[soonest].ready;
  return soonest;
}

// Where all is steady: over whole steps of the first strand, as far as those are short.
class Measurement {
 public:
  void Begin(const std::vector<Chain>& chains, double now) {
    began_ = now;
    place_ = Place(chains.front());
    for (const Chain& chain : chains) {
      before_.push_back(Behind(chain, now));
      pauses_ = pauses_ || chain.pause > 0;
    }
  }
  bool Over(const std::vector<Chain>& chains, int rounds) const {
    if (rounds < kFewestRounds) return false;
    return rounds >= kMostRounds || !pauses_ || Place(chains.front()) == place_;
  }
  // Of its speed alone, as a chain.
  double Speed(const std::vector<Chain>& chains, std::size_t i, double now) const {
    return (Behind(chains[i], now) - before_[i]) / std::max(now - began_, 1.0);
  }

 private:
  static std::array<std::int64_t, 3> Place(const Chain& chain) {
    return {chain.layer, chain.turn, static_cast<std::int64_t>(chain.piece)};
  }
  // A pause counts as work; that in which it is has not all passed.
  static double Behind(const Chain& chain, double now) {
    return chain.progress - std::max(0.0, chain.ready - now);
  }

  double began_ = 0;
  bool pauses_ = false;
  std::array<std::int64_t, 3> place_ = {};
  std::vector<double> before_;
};

}  // namespace

std::vector<std::int64_t> ApproximateRoundRates(std::span<const StrandShape> strands,
                                                const CoRunConditions& conditions) {
  const double factor[2] = {static_cast<double>(conditions.compute_contention) / kOne,
                            static_cast<double>(conditions.network_contention) / kOne};
  std::vector<Chain> chains;
  chains.reserve(strands.size());
  for (const StrandShape& strand : strands) chains.push_back(MakeChain(strand));
  std::vector<std::int64_t> rates;
  if (chains.empty()) return rates;
  double now = 0;
  const auto run_round = [&] {
    const std::size_t primary = PrimaryAt(chains, now);
    now = Round(chains, primary, factor, now);
  };
  for (int round = 0; round < kWarmUpRounds; ++round) run_round();
  Measurement steady;
  steady.Begin(chains, now);
  for (int round = 0; !steady.Over(chains, round); ++round) run_round();
  for (std::size_t i = 0; i < chains.size(); ++i) {
    const double speed =
        steady.Speed(chains, i, now) * static_cast<double>(strands[i].step_ns) / chains[i].step;
    rates.push_back(static_cast<std::int64_t>(std::clamp(speed, 0.0, 1.0) * kOne + 0.5));
  }
  return rates;
}

}  // namespace braid
