#pragma once

#include "device/cpu/kernel_table.h"
#include "device/operators.h"

#include <cstdint>

namespace braid {

/// Half-open range of row or column indices of a tile.
struct TileRange {
  std::int32_t begin = 0;
  std::int32_t end = 0;
};

/// A matrix product cut into tiles: `row_blocks` by `col_blocks`, all columns of a row block in
/// consecutive tiles, so that its activations stay in the second-level cache.
struct MatMulSplit {
  std::int32_t rows = 0;
  std::int32_t cols = 0;
  std::int32_t rows_per_tile = 1;
  std::int32_t row_blocks = 1;
  std::int32_t cols_per_tile = 1;
  std::int32_t col_blocks = 1;

  std::int32_t num_tiles() const { return row_blocks * col_blocks; }
  TileRange RowsOf(std::int32_t tile) const;
  TileRange ColsOf(std::int32_t tile) const;
};

/// Cuts by estimated time, the larger of arithmetic and bytes, towards kTileSeconds.
MatMulSplit SplitMatMul(const MatMulArgs& args, const KernelTable& kernels);

/// Rows per tile of an operator that passes once over `row_floats` floats a row (read and written
/// together). At least 1.
std::int32_t RowsPerTile(std::int64_t row_floats);

/// What a tile should take: long enough to hide its bookkeeping and a poll of the messages,
/// short enough that a message does not wait.
inline constexpr double kTileSeconds = 150e-6;

/// Bytes that one core streams from memory in a second, only to size tiles.
inline constexpr double kBytesPerSecond = 10e9;

}  // namespace braid
