#pragma once

#include "base/dtype.h"
#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>

namespace braid {

/// How strictly results must repeat.
/// kExact: each output is summed along K in one order, whatever the number of rows, the tile it is
/// computed in, the batch it shares or the instruction set: the same bits everywhere.
/// kFast:  the quickest kernels; within 1e-5 of exact for each task, as max|a-b| / max|b|.
enum class Numerics : std::uint8_t { kExact, kFast };

/// A weight matrix [rows, cols] as it lies in memory: row r starts `r * row_bytes` after `data`
/// and holds `cols` numbers of `dtype` (whole blocks). Borrowed; read only.
struct WeightView {
  const std::byte* data = nullptr;
  DType dtype = DType::kF32;
  std::int32_t rows = 0;  ///< output features
  std::int32_t cols = 0;  ///< input features, K
  std::size_t row_bytes = 0;
};

/// An activation [rows, cols] in f32, rows `stride` floats apart. Borrowed.
struct ActivationView {
  float* data = nullptr;
  std::int32_t rows = 0;
  std::int32_t cols = 0;
  std::int32_t stride = 0;

  float* row(std::int32_t index) const {
    return data + static_cast<std::ptrdiff_t>(index) * stride;
  }
};

/// Keys or values of one layer on this rank: slot s, local KV head h, dimension d lies at
/// data[(s * kv_heads + h) * head_dim + d]. Borrowed.
struct KvView {
  float* keys = nullptr;
  float* values = nullptr;
  std::int32_t num_slots = 0;
  std::int32_t kv_heads = 0;  ///< of this rank
  std::int32_t head_dim = 0;
};

/// `count` consecutive KV slots from `first`, holding consecutive tokens of one request.
struct SlotExtent {
  std::int32_t first = 0;
  std::int32_t count = 0;
};

/// The rows of one request in a step: rows [first_row, first_row + num_rows) hold its tokens at
/// positions first_position.., whose keys and values, with all earlier ones, lie in `extents`
/// (token order; together exactly first_position + num_rows slots).
struct RequestRows {
  std::int32_t first_row = 0;
  std::int32_t num_rows = 0;
  std::int32_t first_position = 0;
  std::span<const SlotExtent> extents;
};

/// out[i, :] = table row of tokens[i] - first_token, or zeros where this rank does not hold it.
struct EmbedArgs {
  WeightView table;              ///< [vocab of this rank, model_dim]
  std::int32_t first_token = 0;  ///< id of the table's row 0
  std::span<const std::int32_t> tokens;
  ActivationView out;  ///< [tokens, model_dim]
};

/// out = x / sqrt(mean(x^2) + epsilon) * weight, row by row. out may be x.
struct RmsNormArgs {
  ActivationView x;
  std::span<const float> weight;  ///< [cols]
  float epsilon = 0;
  ActivationView out;
};

/// out = x W^T (+ bias). x [rows, K], W [N, K], out [rows, N].
struct MatMulArgs {
  ActivationView x;
  WeightView weight;
  std::span<const float> bias;  ///< [N] or empty
  ActivationView out;
};

/// Rotates each head of x in place by its row's position; with `norm_weight`, RMS-normalises each
/// head first (Qwen3). x [rows, num_heads * head_dim].
struct RotateArgs {
  ActivationView x;
  std::int32_t head_dim = 0;
  std::span<const std::int32_t> positions;  ///< [rows]
  /// Angle per position unit of each rotated pair, [rotated_dims / 2]; pairs are (2i, 2i+1) when
  /// `interleaved`, else (i, i + rotated_dims / 2).
  std::span<const float> frequencies;
  bool interleaved = true;
  std::span<const float> norm_weight;  ///< [head_dim] or empty
  float norm_epsilon = 0;
};

/// Writes row i of k and v into slot slots[i] of the cache.
struct StoreKvArgs {
  ActivationView k;  ///< [rows, kv_heads * head_dim]
  ActivationView v;
  std::span<const std::int32_t> slots;  ///< [rows]
  KvView cache;
};

/// Causal attention of every row over the cached tokens of its request up to its own position,
/// scale 1 / sqrt(head_dim). q and out [rows, num_heads * head_dim]. `kv_head_of[h]` is the local
/// KV head that local query head h reads: with uneven shards the groups need not be equal.
struct AttentionArgs {
  ActivationView q;
  KvView cache;
  std::span<const RequestRows> requests;
  std::span<const std::int32_t> kv_head_of;  ///< [num_heads of this rank]
  ActivationView out;
};

/// out = silu(gate) * up. out may be gate or up.
struct SwiGluArgs {
  ActivationView gate;
  ActivationView up;
  ActivationView out;
};

/// x += y.
struct AddArgs {
  ActivationView x;
  ActivationView y;
};

/// out row i = x row rows[i].
struct SelectRowsArgs {
  ActivationView x;
  std::span<const std::int32_t> rows;
  ActivationView out;
};

using OperatorArgs = std::variant<EmbedArgs, RmsNormArgs, MatMulArgs, RotateArgs, StoreKvArgs,
                                  AttentionArgs, SwiGluArgs, AddArgs, SelectRowsArgs>;

/// The operators of a transformer on one device.
///
/// An operator is run as tiles: independent pieces, each about 50 to 200 us on a CPU, between which
/// the rank's one loop polls its messages (research: a tile of that length loses the least). A
/// device that queues work itself answers one tile and enqueues it.
/// Thread: rank thread only; an object keeps scratch memory of its own.
class Operators {
 public:
  virtual ~Operators() = default;

  /// Tiles of this operation, at least 1 (also for zero rows, where the tile does nothing).
  virtual std::int32_t NumTiles(const OperatorArgs& args) const = 0;

  /// Runs tile `tile` in [0, NumTiles). Tiles may run in any order; each writes its own part of the
  /// output, so the bits do not depend on it. Shapes are the caller's promise.
  virtual void RunTile(const OperatorArgs& args, std::int32_t tile) = 0;
};

}  // namespace braid
