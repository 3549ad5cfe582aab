#pragma once

#include "device/operators.h"

#include <cstdint>
#include <vector>

namespace braid {

/// A piece of attention that shares one pass over keys and values: pairs [first_pair, first_pair +
/// num_pairs) of (row, query head) of a request, for the query heads that read one KV head. Pair p
/// is row p / group and query head p % group of that KV head's group.
struct AttentionPiece {
  std::int32_t request = 0;
  std::int32_t kv_head = 0;
  std::int32_t first_pair = 0;
  std::int32_t num_pairs = 0;
};

/// The query heads of each KV head, in ascending order.
struct HeadGroups {
  std::vector<std::int32_t> heads;   ///< grouped by KV head
  std::vector<std::int32_t> starts;  ///< [kv_heads + 1] into `heads`

  void Assign(std::span<const std::int32_t> kv_head_of, std::int32_t kv_heads);
  std::span<const std::int32_t> of(std::int32_t kv_head) const;
};

/// Attention cut into pieces, and consecutive pieces into tiles of about the same estimated time.
/// A step's attention is cut alike in every layer; the walk costs nanoseconds a piece.
/// Thread: a value; keeps its memory between calls of Assign.
struct AttentionSplit {
  HeadGroups groups;
  std::vector<AttentionPiece> pieces;
  std::vector<std::int32_t> tile_starts;  ///< [tiles + 1] into `pieces`

  void Assign(const AttentionArgs& args);
  std::int32_t num_tiles() const;
};

}  // namespace braid
