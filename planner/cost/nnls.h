#pragma once

#include <cstddef>
#include <vector>

namespace braid {

/// A dense matrix, row by row.
struct DenseMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;  ///< [rows, columns]

  DenseMatrix(std::size_t num_rows, std::size_t num_columns)
      : rows(num_rows), columns(num_columns), values(num_rows * num_columns) {}
  double& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  double at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// The x >= 0 with the least |a x - b|^2. Columns that do not help stay 0.
/// Shapes: b [rows]; x [columns].
/// Cost:   about columns^2 x rows a column that enters; meant for tens of columns.
/// Source: the active-set method of Lawson and Hanson, Solving Least Squares Problems, chapter 23.
std::vector<double> NonNegativeLeastSquares(const DenseMatrix& a, const std::vector<double>& b);

}  // namespace braid
