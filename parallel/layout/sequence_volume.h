#pragma once

#include "plan/shard.h"

#include <cstdint>
#include <span>

namespace braid {

/// Payload bytes that one rank sends for sequence parallelism and moves, exact to the byte, f32 as
/// the CPU executor sends them. `head_dim` and the shard are those of the rank.

/// K and V of one token in one layer: 2 * KV heads * head_dim * 4.
std::uint64_t KvTokenBytes(const ModelShard& shard, std::int32_t head_dim);

/// The ring of one layer: every block but the one that comes last is sent on. `block_tokens` as in
/// BoundHalf. Over a whole ring each block makes degree - 1 hops.
std::uint64_t RingBytesSent(const ModelShard& shard, std::int32_t head_dim,
                            std::span<const std::int32_t> block_tokens);

/// Queries of one layer: rows * heads * head_dim * 4, each row once for every instance it goes to.
std::uint64_t QueryBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t rows);

/// Partials of one layer, with one log-sum-exp a head: rows * heads * (head_dim + 1) * 4.
std::uint64_t PartialBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t rows);

/// A move of `tokens` tokens: all layers of the shard.
std::uint64_t MoveBytesSent(const ModelShard& shard, std::int32_t head_dim, std::int64_t tokens);

}  // namespace braid
