#include "planner/cost/nnls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <vector>

namespace braid {
namespace {

double Error(const DenseMatrix& a, const std::vector<double>& b, const std::vector<double>& x) {
  double error = 0;
  for (std::size_t i = 0; i < a.rows; ++i) {
    double rest = b[i];
    for (std::size_t j = 0; j < a.columns; ++j) rest -= a.at(i, j) * x[j];
    error += rest * rest;
  }
  return error;
}

/// Least squares over the columns whose bit is set, by elimination on the normal equations; nothing
/// where they are singular.
std::optional<std::vector<double>> SolveSubset(const DenseMatrix& a, const std::vector<double>& b,
                                               unsigned subset) {
  std::vector<std::size_t> columns;
  for (std::size_t j = 0; j < a.columns; ++j) {
    if ((subset >> j & 1U) != 0) columns.push_back(j);
  }
  const std::size_t n = columns.size();
  std::vector<std::vector<double>> normal(n, std::vector<double>(n + 1, 0.0));
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t i = 0; i < a.rows; ++i) {
      for (std::size_t q = 0; q < n; ++q) {
        normal[p][q] += a.at(i, columns[p]) * a.at(i, columns[q]);
      }
      normal[p][n] += a.at(i, columns[p]) * b[i];
    }
  }
  for (std::size_t p = 0; p < n; ++p) {
    if (std::abs(normal[p][p]) < 1e-9) return std::nullopt;
    for (std::size_t q = p + 1; q < n; ++q) {
      const double factor = normal[q][p] / normal[p][p];
      for (std::size_t k = p; k <= n; ++k) normal[q][k] -= factor * normal[p][k];
    }
  }
  std::vector<double> x(a.columns, 0.0);
  for (std::size_t p = n; p-- > 0;) {
    double rest = normal[p][n];
    for (std::size_t q = p + 1; q < n; ++q) rest -= normal[p][q] * x[columns[q]];
    x[columns[p]] = rest / normal[p][p];
  }
  return x;
}

/// The best of all subsets of columns whose solution is not negative.
double BruteForceError(const DenseMatrix& a, const std::vector<double>& b) {
  double best = Error(a, b, std::vector<double>(a.columns, 0.0));
  for (unsigned subset = 1; subset < 1U << a.columns; ++subset) {
    const auto x = SolveSubset(a, b, subset);
    if (!x.has_value()) continue;
    bool negative = false;
    for (const double value : *x) negative |= value < 0;
    if (!negative) best = std::min(best, Error(a, b, *x));
  }
  return best;
}

TEST(NonNegativeLeastSquares, IsAsGoodAsTheBestOfAllSubsets) {
  std::mt19937_64 random(7);
  const auto uniform = [&] { return static_cast<double>(random() % 20001) / 10000 - 1; };
  for (int draw = 0; draw < 500; ++draw) {
    const std::size_t columns = 1 + random() % 5;
    DenseMatrix a(columns + random() % 6, columns);
    for (double& value : a.values) value = uniform();
    std::vector<double> b(a.rows);
    for (double& value : b) value = uniform();
    const std::vector<double> x = NonNegativeLeastSquares(a, b);
    for (const double value : x) ASSERT_GE(value, 0.0) << "draw " << draw;
    ASSERT_NEAR(Error(a, b, x), BruteForceError(a, b), 1e-8) << "draw " << draw;
  }
}

TEST(NonNegativeLeastSquares, FindsAnExactNonNegativeSolution) {
  DenseMatrix a(4, 3);
  a.values = {1, 2, 0, 0, 1, 5, 3, 0, 1, 1, 1, 1};
  const std::vector<double> wanted = {2, 0, 0.5};
  std::vector<double> b(4, 0.0);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 3; ++j) b[i] += a.at(i, j) * wanted[j];
  }
  const std::vector<double> x = NonNegativeLeastSquares(a, b);
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(x[j], wanted[j], 1e-10);
}

TEST(NonNegativeLeastSquares, LeavesAColumnThatOnlyANegativeWeightCouldUseAtZero) {
  DenseMatrix a(2, 1);
  a.values = {1, 1};
  EXPECT_EQ(NonNegativeLeastSquares(a, {-1, -2}), std::vector<double>{0.0});
}

TEST(NonNegativeLeastSquares, SurvivesEqualAndEmptyColumns) {
  DenseMatrix a(3, 3);
  a.values = {1, 1, 0, 2, 2, 0, 3, 3, 0};
  const std::vector<double> x = NonNegativeLeastSquares(a, {2, 4, 6});
  EXPECT_NEAR(x[0] + x[1], 2, 1e-9);
  EXPECT_EQ(x[2], 0.0);
}

}  // namespace
}  // namespace braid
