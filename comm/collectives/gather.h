#pragma once

#include "comm/collectives/collective.h"

#include <cstddef>
#include <span>

namespace braid {

/// What Gather works on; borrowed until it is done.
struct GatherBuffers {
  int root_index = 0;
  std::span<const std::size_t> block_bytes;  ///< [size]; may differ and may be 0
  std::span<const std::byte> mine;           ///< block_bytes[own index] bytes
  std::span<std::byte> all;  ///< on the root: the blocks in order of group index; else empty
};

/// Collects one block of each member on the root. The root's own block may already lie in its
/// place in `all`.
/// Cost: 1 step; each rank but the root sends its block, in messages of at most kChunkBytes, none
///       where it is empty.
class Gather final : public Collective {
 public:
  Gather() : Collective("gather") {}

  /// Errors: those of Collective; InvalidArgument where the sizes do not fit each other.
  Status Start(const CollectiveCall& call, const GatherBuffers& buffers);
};

}  // namespace braid
