#include "comm/collectives/transfer.h"

namespace braid {

Status Transfer::BeginAs(int expected_index, const CollectiveCall& call) {
  if (call.group.size() != 2) {
    return InvalidArgument("a transfer is between two ranks, not " +
                           std::to_string(call.group.size()));
  }
  const int expected_rank = call.group[static_cast<std::size_t>(expected_index)];
  if (expected_rank != call.transport->rank()) {
    return InvalidArgument(std::string("the ") + (expected_index == 0 ? "sender" : "receiver") +
                           " of a transfer is rank " + std::to_string(expected_rank) +
                           ", not rank " + std::to_string(call.transport->rank()));
  }
  return Begin(call);
}

Status Transfer::StartSend(const CollectiveCall& call, std::span<const std::byte> data) {
  RETURN_IF_ERROR(BeginAs(0, call));
  if (!data.empty()) AddSend(1, data);
  return Status();
}

Status Transfer::StartReceive(const CollectiveCall& call, std::span<std::byte> data) {
  RETURN_IF_ERROR(BeginAs(1, call));
  if (!data.empty()) AddReceive(0, data);
  return Status();
}

}  // namespace braid
