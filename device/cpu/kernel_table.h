#pragma once

#include "base/dtype.h"
#include "device/cpu/instruction_set.h"
#include "device/operators.h"

#include <cstddef>
#include <cstdint>

namespace braid {

/// Floats in one step along K. An output is summed in this many lanes, lane j taking the elements
/// k = j mod kLanes in ascending order by fused multiply-add; at the end lane j is folded with
/// j + 8, then j + 4, j + 2, j + 1. This is the one order of `exact`, on every instruction set.
inline constexpr int kLanes = 16;

/// Elements of K that a few activation rows pass over at a time, so that they stay in the
/// first-level cache.
inline constexpr int kSliceDepth = 1024;

/// Elements of K whose weights are widened to f32 at a time, into the second-level cache.
inline constexpr int kPanelDepth = 6 * kSliceDepth;

/// Weight rows (output columns) of one panel, and the most activation rows that run over it: with a
/// slice of those rows it fits into a second-level cache of 2 MB.
inline constexpr int kPanelCols = 24;
inline constexpr int kPanelRows = 128;

/// Tokens per round of the online softmax, counted from token 0 of the request, so that a row's
/// order of summation depends on its position alone.
inline constexpr int kAttentionTokens = 256;

/// Pairs of (row, query head) that share one pass over keys and values.
inline constexpr int kAttentionPairs = 64;

/// Largest head_dim that the attention's scratch memory holds.
inline constexpr int kMaxHeadDim = 512;

/// Part of a matrix product: out [rows, cols] = x [rows, depth] * weight [cols, depth]^T (+ bias).
struct MatMulBlock {
  const float* x;
  std::ptrdiff_t x_stride;
  int rows;
  const std::byte* weight;
  std::size_t weight_row_bytes;
  DType dtype;
  int cols;
  int depth;
  const float* bias;  ///< [cols] or null
  float* out;
  std::ptrdiff_t out_stride;
};

/// Scratch of the panel product, 64-byte aligned.
struct MatMulScratch {
  float* panel;     ///< [kPanelCols * kPanelDepth]
  float* partials;  ///< [kPanelRows * kPanelCols * kLanes]: sums between two slices of K
};

/// Scratch of attention, 64-byte aligned.
struct AttentionScratch {
  float* keys;     ///< [kMaxHeadDim, kAttentionKeyStride]: a round's keys, transposed
  float* values;   ///< [kAttentionTokens, kMaxHeadDim]
  float* queries;  ///< [kAttentionPairs, kMaxHeadDim], scaled
  float* sums;     ///< [kAttentionPairs, kMaxHeadDim]: unnormalised output
  float* scores;   ///< [kAttentionPairs, kAttentionTokens]
};

/// Not a multiple of 4 KiB, else the rows of the transposed keys fall into the same cache sets.
inline constexpr int kAttentionKeyStride = kAttentionTokens + kLanes;

/// Attention of some (row, head) pairs of one request that read the same KV head. Pair p is row
/// p / num_heads of the request and query head heads[p % num_heads].
struct AttentionBlock {
  const float* q;  ///< row 0 of the request
  std::ptrdiff_t q_stride;
  float* out;
  std::ptrdiff_t out_stride;
  const std::int32_t* heads;
  int num_heads;
  int first_pair;
  int num_pairs;  ///< at most kAttentionPairs
  int head_dim;
  int first_position;  ///< of row 0
  const float* keys;   ///< slot 0 of this KV head
  const float* values;
  std::ptrdiff_t slot_stride;
  const SlotExtent* extents;
};

/// The heads of one row, to be rotated in place.
struct RotateBlock {
  float* x;
  int num_heads;
  int head_dim;
  int num_pairs;
  bool interleaved;
  const float* cosines;  ///< [num_pairs]
  const float* sines;
};

/// The inner loops, compiled once per instruction set. Everything behind these pointers gives the
/// same bits on each of them.
/// Thread: any; the scratch is the caller's.
struct KernelTable {
  /// Widens weights on the way to the multiplier; at most `direct_rows` rows.
  void (*matmul_direct)(const MatMulBlock&);
  /// Widens a panel of weights first and uses it for all rows; at most kPanelRows.
  void (*matmul_panel)(const MatMulBlock&, const MatMulScratch&);
  /// out[i] = weight i of the row at `weight`, i < count.
  void (*widen)(DType dtype, const std::byte* weight, int count, float* out);
  void (*rms_norm)(const float* x, const float* weight, int count, float epsilon, float* out);
  void (*rotate)(const RotateBlock&);
  void (*swiglu)(const float* gate, const float* up, int count, float* out);
  void (*add)(float* x, const float* y, int count);
  void (*attend)(const AttentionBlock&, const AttentionScratch&);
  int direct_rows;
  /// Sustained speeds on a machine of this class, only to size tiles.
  double flops_per_second;
};

const KernelTable& ScalarKernels();
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();

}  // namespace braid
