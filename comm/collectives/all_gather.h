#pragma once

#include "comm/collectives/collective.h"

#include <cstddef>
#include <span>

namespace braid {

/// Gives every member all members' blocks, one after the other in order of group index. Blocks may
/// differ in size and may be empty.
/// Cost: 1 step; each rank sends (size - 1) * its block, in messages of at most kChunkBytes, none
///       where the block is empty. A ring sends as many bytes in size - 1 steps.
class AllGather final : public Collective {
 public:
  AllGather() : Collective("all-gather") {}

  /// `all` holds sum(block_bytes) bytes, this rank's block already in its place.
  /// Errors: those of Collective; InvalidArgument where the sizes do not fit each other.
  Status Start(const CollectiveCall& call, std::span<const std::size_t> block_bytes,
               std::span<std::byte> all);
};

}  // namespace braid
