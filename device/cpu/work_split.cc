#include "device/cpu/work_split.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

std::int32_t CeilDivide(std::int32_t a, std::int32_t b) { return (a + b - 1) / b; }

// As many rows of x as the second-level cache holds beside a panel: all tiles of a row block read
// the same rows.
std::int32_t RowsPerBlock(std::int32_t depth) {
  constexpr std::int32_t kCachedFloats = 384 * 1024;
  const std::int32_t rows = kCachedFloats / std::max(depth, 1) / 8 * 8;
  return std::clamp(rows, 32, kPanelRows);
}

}  // namespace

TileRange MatMulSplit::RowsOf(std::int32_t tile) const {
  const std::int32_t begin = tile / col_blocks * rows_per_tile;
  return {.begin = begin, .end = std::min(rows, begin + rows_per_tile)};
}

TileRange MatMulSplit::ColsOf(std::int32_t tile) const {
  const std::int32_t begin = tile % col_blocks * cols_per_tile;
  return {.begin = begin, .end = std::min(cols, begin + cols_per_tile)};
}

MatMulSplit SplitMatMul(const MatMulArgs& args, const KernelTable& kernels) {
  MatMulSplit split = {.rows = args.x.rows, .cols = args.weight.rows};
  if (split.rows == 0 || split.cols == 0) return {};
  // Blocks of about the same height, of whole groups of eight rows where there are several.
  const std::int32_t blocks = CeilDivide(split.rows, RowsPerBlock(args.weight.cols));
  split.rows_per_tile =
      blocks == 1 ? split.rows : CeilDivide(CeilDivide(split.rows, blocks), 8) * 8;
  split.row_blocks = CeilDivide(split.rows, split.rows_per_tile);
  const double rows = split.rows_per_tile;
  const double arithmetic = 2.0 * rows * args.weight.cols / kernels.flops_per_second;
  const double bytes = static_cast<double>(args.weight.row_bytes) / kBytesPerSecond;
  // Widening costs about as much as two rows of arithmetic.
  const double seconds_per_col =
      std::max(bytes, arithmetic * (1.0 + 2.0 / rows)) + 1e-12;  // depth 0 costs something too
  const double cols = std::min(kTileSeconds / seconds_per_col, static_cast<double>(split.cols));
  // A whole number of micro-panels: 12 suits the widths of all kernels.
  split.cols_per_tile = std::max(12, static_cast<std::int32_t>(cols) / 12 * 12);
  split.col_blocks = CeilDivide(split.cols, split.cols_per_tile);
  return split;
}

std::int32_t RowsPerTile(std::int64_t row_floats) {
  constexpr double kCachedBytesPerSecond = 2 * kBytesPerSecond;  // activations are mostly cached
  const double seconds = static_cast<double>(row_floats) * 4.0 / kCachedBytesPerSecond;
  return static_cast<std::int32_t>(std::clamp(kTileSeconds / (seconds + 1e-12), 1.0, 1e6));
}

}  // namespace braid
