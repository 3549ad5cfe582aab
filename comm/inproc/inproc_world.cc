#include "comm/inproc/inproc_world.h"

#include "comm/inproc/inproc_shared.h"
#include "comm/inproc/inproc_transport.h"

#include <algorithm>

namespace braid {

InprocWorld::InprocWorld(int size) : shared_(std::make_unique<InprocShared>(std::max(size, 0))) {}

InprocWorld::~InprocWorld() = default;

Result<std::unique_ptr<Transport>> InprocWorld::Open(int rank) {
  if (rank < 0 || rank >= shared_->size) {
    return InvalidArgument("rank " + std::to_string(rank) + " is none of the " +
                           std::to_string(shared_->size) + " ranks of this job");
  }
  InprocPresence before = InprocPresence::kAbsent;
  if (!shared_->presence_of(rank).compare_exchange_strong(before, InprocPresence::kOpen)) {
    return FailedPrecondition("rank " + std::to_string(rank) + " was opened before");
  }
  return std::unique_ptr<Transport>(std::make_unique<InprocTransport>(*shared_, rank));
}

}  // namespace braid
