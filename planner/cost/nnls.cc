#include "planner/cost/nnls.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

constexpr double kTolerance = 1e-11;

/// Reflects the column's part below `pivot` away, and does the same to all later columns and to b.
/// False where nothing is left of it: it depends on the columns before it.
bool Reflect(DenseMatrix& a, std::vector<double>& b, std::size_t pivot) {
  double whole = 0;
  double below = 0;
  for (std::size_t row = 0; row < a.rows; ++row) {
    const double square = a.at(row, pivot) * a.at(row, pivot);
    whole += square;
    if (row >= pivot) below += square;
  }
  if (below <= kTolerance * kTolerance * whole || below == 0) return false;
  const double norm = std::copysign(std::sqrt(below), -a.at(pivot, pivot));
  std::vector<double> mirror(a.rows, 0.0);
  for (std::size_t row = pivot; row < a.rows; ++row) mirror[row] = a.at(row, pivot);
  mirror[pivot] -= norm;
  const double scale = norm * mirror[pivot];  // minus half the mirror's square
  const auto reflect = [&](auto&& entry) {
    double product = 0;
    for (std::size_t row = pivot; row < a.rows; ++row) product += mirror[row] * entry(row);
    for (std::size_t row = pivot; row < a.rows; ++row) entry(row) += mirror[row] * product / scale;
  };
  for (std::size_t column = pivot; column < a.columns; ++column) {
    reflect([&](std::size_t row) -> double& { return a.at(row, column); });
  }
  reflect([&](std::size_t row) -> double& { return b[row]; });
  return true;
}

/// Least squares over the columns in `chosen`, by Householder reflections; a column that depends
/// on the others gets 0.
std::vector<double> Solve(const DenseMatrix& a, const std::vector<double>& b,
                          const std::vector<std::size_t>& chosen) {
  if (chosen.empty()) return {};
  DenseMatrix part(std::max(a.rows, chosen.size()), chosen.size());
  std::vector<double> right = b;
  right.resize(part.rows, 0.0);
  for (std::size_t row = 0; row < a.rows; ++row) {
    for (std::size_t j = 0; j < chosen.size(); ++j) part.at(row, j) = a.at(row, chosen[j]);
  }
  std::vector<bool> independent(chosen.size());
  for (std::size_t j = 0; j < chosen.size(); ++j) independent[j] = Reflect(part, right, j);
  std::vector<double> x(chosen.size(), 0.0);
  for (std::size_t j = chosen.size(); j-- > 0;) {
    if (!independent[j]) continue;
    double rest = right[j];
    for (std::size_t k = j + 1; k < chosen.size(); ++k) rest -= part.at(j, k) * x[k];
    x[j] = rest / part.at(j, j);
  }
  return x;
}

/// a^T (b - a x): how fast the error falls as each x grows.
std::vector<double> Descent(const DenseMatrix& a, const std::vector<double>& b,
                            const std::vector<double>& x) {
  std::vector<double> descent(a.columns, 0.0);
  for (std::size_t row = 0; row < a.rows; ++row) {
    double residual = b[row];
    for (std::size_t j = 0; j < a.columns; ++j) residual -= a.at(row, j) * x[j];
    for (std::size_t j = 0; j < a.columns; ++j) descent[j] += a.at(row, j) * residual;
  }
  return descent;
}

/// Moves x towards `target` (over `chosen`) until the first entry reaches 0, and drops those that
/// did. True where the target itself was reached.
bool StepTowards(const std::vector<double>& target, std::vector<std::size_t>& chosen,
                 std::vector<double>& x) {
  double fraction = 1;
  for (std::size_t j = 0; j < chosen.size(); ++j) {
    const double from = x[chosen[j]];
    if (target[j] <= 0) fraction = std::min(fraction, from / (from - target[j]));
  }
  if (!std::isfinite(fraction)) fraction = 0;
  std::vector<std::size_t> kept;
  for (std::size_t j = 0; j < chosen.size(); ++j) {
    double& value = x[chosen[j]];
    value += fraction * (target[j] - value);
    if (target[j] <= 0 && value <= kTolerance * std::abs(target[j])) {
      value = 0;
    } else {
      kept.push_back(chosen[j]);
    }
  }
  const bool reached = kept.size() == chosen.size() && fraction >= 1;
  chosen = std::move(kept);
  return reached;
}

}  // namespace

std::vector<double> NonNegativeLeastSquares(const DenseMatrix& a, const std::vector<double>& b) {
  std::vector<double> x(a.columns, 0.0);
  std::vector<std::size_t> chosen;
  std::vector<double> norms(a.columns, 0.0);
  double length = 0;
  for (std::size_t row = 0; row < a.rows; ++row) {
    for (std::size_t j = 0; j < a.columns; ++j) norms[j] += a.at(row, j) * a.at(row, j);
    length += b[row] * b[row];
  }
  // Each round lowers the error, so it ends; the bound guards against rounding.
  for (std::size_t round = 0; round < 10 * a.columns + 10; ++round) {
    const std::vector<double> descent = Descent(a, b, x);
    std::size_t best = a.columns;
    double steepest = kTolerance * std::sqrt(length);
    for (std::size_t j = 0; j < a.columns; ++j) {
      if (norms[j] == 0 || std::find(chosen.begin(), chosen.end(), j) != chosen.end()) continue;
      const double slope = descent[j] / std::sqrt(norms[j]);
      if (slope > steepest) {
        steepest = slope;
        best = j;
      }
    }
    if (best == a.columns) break;
    chosen.push_back(best);
    while (!chosen.empty() && !StepTowards(Solve(a, b, chosen), chosen, x)) {
    }
  }
  return x;
}

}  // namespace braid
