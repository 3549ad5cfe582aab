#include "parallel/layout/sequence_volume.h"

namespace braid {
namespace {

constexpr std::uint64_t kFloatBytes = 4;

std::uint64_t Product(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}

}  // namespace

std::uint64_t KvTokenBytes(const ModelShard& shard, std::int32_t head_dim) {
  return 2 * Product(shard.kv_heads.size(), head_dim) * kFloatBytes;
}

std::uint64_t RingBytesSent(const ModelShard& shard, std::int32_t head_dim,
                            std::span<const std::int32_t> block_tokens) {
  std::int64_t tokens = 0;
  for (std::size_t step = 0; step + 1 < block_tokens.size(); ++step) tokens += block_tokens[step];
  return static_cast<std::uint64_t>(tokens) * KvTokenBytes(shard, head_dim);
}

std::uint64_t QueryBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t rows) {
  return Product(rows, shard.heads.size()) * static_cast<std::uint64_t>(head_dim) * kFloatBytes;
}

std::uint64_t PartialBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t rows) {
  return Product(rows, shard.heads.size()) * static_cast<std::uint64_t>(head_dim + 1) * kFloatBytes;
}

std::uint64_t MoveBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t tokens) {
  return Product(tokens, shard.layers.size()) * KvTokenBytes(shard, head_dim);
}

}  // namespace braid
