#pragma once

#include "comm/collectives/collective.h"

#include <span>

namespace braid {

/// One buffer from one rank to another, e.g. the activations between two pipeline stages: the
/// group of two whose first member sends and whose second receives.
/// Cost: 1 step; the sender sends its bytes in messages of at most kChunkBytes, none where empty.
class Transfer final : public Collective {
 public:
  Transfer() : Collective("transfer") {}

  /// Errors: those of Collective; InvalidArgument where the group is not {sender, receiver}, or
  /// this rank is the other one.
  Status StartSend(const CollectiveCall& call, std::span<const std::byte> data);
  Status StartReceive(const CollectiveCall& call, std::span<std::byte> data);

 private:
  Status BeginAs(int expected_index, const CollectiveCall& call);
};

}  // namespace braid
