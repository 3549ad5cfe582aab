#pragma once

#include <cstdint>

namespace braid {

/// A half-open range of indices.
struct IndexRange {
  std::int32_t begin = 0;
  std::int32_t end = 0;

  std::int32_t size() const { return end - begin; }
  bool empty() const { return end <= begin; }
  bool contains(std::int32_t index) const { return begin <= index && index < end; }
  bool operator==(const IndexRange&) const = default;
};

/// The part of a model that one rank of an instance holds. parallel/layout computes it,
/// models/ loads it, runtime/ runs it; nobody asks a global which rank this is.
/// Thread: a value.
struct ModelShard {
  std::int32_t tensor_rank = 0;  ///< this rank's place among those that share its layers
  std::int32_t tensor_size = 1;  ///< tp
  std::int32_t stage = 0;        ///< pipeline stage
  std::int32_t num_stages = 1;   ///< pp
  IndexRange layers;             ///< decoder layers of this stage
  IndexRange heads;              ///< query heads
  IndexRange kv_heads;           ///< those that `heads` read; ranks that share one each keep a copy
  IndexRange ffn;                ///< rows of gate and up, columns of down
  IndexRange vocab;  ///< rows of the embedding table (first stage) and the output matrix (last)

  bool first_stage() const { return stage == 0; }
  bool last_stage() const { return stage + 1 == num_stages; }
  bool operator==(const ModelShard&) const = default;
};

}  // namespace braid
