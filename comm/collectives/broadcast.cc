#include "comm/collectives/broadcast.h"

#include "comm/collectives/root.h"

namespace braid {

Status Broadcast::Start(const CollectiveCall& call, int root_index, std::span<std::byte> data) {
  RETURN_IF_ERROR(CheckRoot(call.group, root_index));
  RETURN_IF_ERROR(Begin(call));
  if (data.empty()) return Status();
  if (my_index() != root_index) {
    AddReceive(root_index, data);
    return Status();
  }
  for (int i = 0; i < group_size(); ++i) {
    if (i != root_index) AddSend(i, data);
  }
  return Status();
}

}  // namespace braid
