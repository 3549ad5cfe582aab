#include "planner/cost/line_fit.h"

#include "planner/cost/nnls.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace braid {
namespace {

constexpr int kRounds = 30;

PrefillLine Weighted(std::span<const std::int64_t> lengths, std::span<const double> times_ns,
                     const std::vector<double>& weights) {
  DenseMatrix a(lengths.size(), 3);
  std::vector<double> b(lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto tokens = static_cast<double>(lengths[i]);
    const double weight = std::sqrt(weights[i]);
    a.at(i, 0) = weight / times_ns[i];
    a.at(i, 1) = weight * tokens / times_ns[i];
    a.at(i, 2) = weight * tokens * tokens / times_ns[i];
    b[i] = weight;
  }
  const std::vector<double> x = NonNegativeLeastSquares(a, b);
  return {.a_ns = x[0], .b_ns = x[1], .c_ns = x[2]};
}

}  // namespace

PrefillLine LineThrough(std::span<const std::int64_t> lengths, std::span<const double> times_ns) {
  std::vector<double> weights(lengths.size(), 1.0 / static_cast<double>(lengths.size()));
  PrefillLine best;
  double least_worst = HUGE_VAL;
  for (int round = 0; round < kRounds; ++round) {
    const PrefillLine line = Weighted(lengths, times_ns, weights);
    double worst = 0;
    double sum = 0;
    std::vector<double> errors;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const auto tokens = static_cast<double>(lengths[i]);
      errors.push_back(std::abs(line.Ns(tokens, tokens * tokens) / times_ns[i] - 1));
      worst = std::max(worst, errors.back());
      sum += weights[i] * errors.back();
    }
    if (worst < least_worst) {
      least_worst = worst;
      best = line;
    }
    // Below this it is rounding alone that is left.
    constexpr double kExact = 1e-9;
    if (worst < kExact) break;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= errors[i] / sum;
  }
  return best;
}

}  // namespace braid
