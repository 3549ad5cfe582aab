#pragma once

#include "comm/collectives/collective.h"

#include <span>

namespace braid {

/// Copies the root's bytes to all members of the group. The root sends to each directly: what is
/// broadcast here is small (tokens, steps), and an error then names the rank at fault.
/// Cost: 1 step; the root sends (size - 1) * bytes, the others nothing; messages of at most
///       kChunkBytes, none where bytes is 0.
class Broadcast final : public Collective {
 public:
  Broadcast() : Collective("broadcast") {}

  /// `data` is read on group[root_index] and written on the others; the same size everywhere.
  Status Start(const CollectiveCall& call, int root_index, std::span<std::byte> data);
};

}  // namespace braid
