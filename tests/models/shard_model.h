#pragma once

#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>
#include <vector>

namespace braid {

/// Part `index` of `parts` of [0, size), as even as may be in multiples of `unit`.
inline IndexRange PartOf(std::int32_t size, std::int32_t parts, std::int32_t index,
                         std::int32_t unit = 1) {
  const std::int32_t units = (size + unit - 1) / unit;
  const auto border = [&](std::int32_t i) {
    const std::int32_t at = units * i / parts * unit;
    return at < size ? at : size;
  };
  return {border(index), border(index + 1)};
}

/// Every rank's shard of a tensor x pipeline split, cut without regard to block borders unless
/// `ffn_unit` says so. Independent of parallel/layout on purpose: loading must serve any cut.
inline std::vector<ModelShard> ShardsOf(const ModelSpec& spec, std::int32_t tensor_size,
                                        std::int32_t num_stages, std::int32_t ffn_unit = 1) {
  std::vector<ModelShard> shards;
  for (std::int32_t stage = 0; stage < num_stages; ++stage) {
    for (std::int32_t rank = 0; rank < tensor_size; ++rank) {
      ModelShard shard;
      shard.tensor_rank = rank;
      shard.tensor_size = tensor_size;
      shard.stage = stage;
      shard.num_stages = num_stages;
      shard.layers = PartOf(spec.num_layers, num_stages, stage);
      shard.heads = PartOf(spec.num_heads, tensor_size, rank);
      const std::int32_t group = spec.heads_per_kv();
      shard.kv_heads = shard.heads.empty() ? IndexRange{}
                                           : IndexRange{shard.heads.begin / group,
                                                        (shard.heads.end - 1) / group + 1};
      shard.ffn = PartOf(spec.ffn_dim, tensor_size, rank, ffn_unit);
      shard.vocab = PartOf(spec.vocab_size, tensor_size, rank);
      shards.push_back(shard);
    }
  }
  return shards;
}

inline ModelShard WholeModel(const ModelSpec& spec) { return ShardsOf(spec, 1, 1)[0]; }

}  // namespace braid
