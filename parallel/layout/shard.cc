#include "parallel/layout/shard.h"

#include <algorithm>
#include <string>

namespace braid {
namespace {

constexpr std::int32_t kQuantisationBlock = 32;

Status CheckDivides(const char* axis, std::int32_t ranks, const char* what, std::int32_t count) {
  if (ranks <= count) return {};
  return InvalidArgument("cannot split " + std::to_string(count) + " " + what + " over " + axis +
                         " " + std::to_string(ranks) + "; use --" + axis + " of at most " +
                         std::to_string(count));
}

}  // namespace

IndexRange EvenCut(std::int32_t total, std::int32_t parts, std::int32_t part, std::int32_t unit) {
  const std::int32_t units = (total + unit - 1) / unit;
  const std::int32_t base = units / parts;
  const std::int32_t larger = units % parts;
  const auto first_unit = [&](std::int32_t p) { return p * base + std::min(p, larger); };
  return {std::min(first_unit(part) * unit, total), std::min(first_unit(part + 1) * unit, total)};
}

Result<ModelShard> ShardOf(const ModelSpec& spec, const Mesh& mesh, std::int32_t rank) {
  if (mesh.tensor < 1 || mesh.pipeline < 1) {
    return InvalidArgument("tp and pp must be at least 1, not " + std::to_string(mesh.tensor) +
                           " and " + std::to_string(mesh.pipeline));
  }
  RETURN_IF_ERROR(CheckDivides("tp", mesh.tensor, "attention heads", spec.num_heads));
  RETURN_IF_ERROR(CheckDivides("tp", mesh.tensor, "feed-forward columns", spec.ffn_dim));
  RETURN_IF_ERROR(CheckDivides("tp", mesh.tensor, "vocabulary entries", spec.vocab_size));
  RETURN_IF_ERROR(CheckDivides("pp", mesh.pipeline, "layers", spec.num_layers));
  if (rank < 0 || rank >= mesh.size()) {
    return InvalidArgument("rank " + std::to_string(rank) + " is not one of the " +
                           std::to_string(mesh.size()) + " ranks of an instance");
  }

  ModelShard shard;
  shard.tensor_rank = mesh.tensor_rank_of(rank);
  shard.tensor_size = mesh.tensor;
  shard.stage = mesh.stage_of(rank);
  shard.num_stages = mesh.pipeline;
  shard.layers = EvenCut(spec.num_layers, mesh.pipeline, shard.stage);
  shard.heads = EvenCut(spec.num_heads, mesh.tensor, shard.tensor_rank);
  shard.kv_heads = {shard.heads.begin / spec.heads_per_kv(),
                    (shard.heads.end - 1) / spec.heads_per_kv() + 1};
  const bool whole_blocks =
      spec.ffn_dim % kQuantisationBlock == 0 && spec.ffn_dim / kQuantisationBlock >= mesh.tensor;
  shard.ffn =
      EvenCut(spec.ffn_dim, mesh.tensor, shard.tensor_rank, whole_blocks ? kQuantisationBlock : 1);
  shard.vocab = EvenCut(spec.vocab_size, mesh.tensor, shard.tensor_rank);
  return shard;
}

}  // namespace braid
