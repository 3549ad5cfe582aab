#pragma once

#include "comm/collectives/collective.h"

namespace braid {

/// Done when every member of the group has started it. Everyone tells everyone, instead of the
/// log2 rounds of a dissemination, so that an error names the rank that is missing and not one that
/// waits for it in turn.
/// Cost: 1 step; each rank sends size - 1 messages of zero bytes.
class Barrier final : public Collective {
 public:
  Barrier() : Collective("barrier") {}

  Status Start(const CollectiveCall& call);
};

}  // namespace braid
