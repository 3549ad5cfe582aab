#include "comm/collectives/gather.h"

#include "comm/collectives/blocks.h"
#include "comm/collectives/root.h"

#include <cstring>

namespace braid {

Status Gather::Start(const CollectiveCall& call, const GatherBuffers& buffers) {
  RETURN_IF_ERROR(CheckRoot(call.group, buffers.root_index));
  const auto root_rank = call.group[static_cast<std::size_t>(buffers.root_index)];
  if (root_rank == call.transport->rank()) {
    RETURN_IF_ERROR(CheckBlocks(buffers.block_bytes, call.group.size(), buffers.all.size()));
  }
  RETURN_IF_ERROR(Begin(call));
  if (my_index() != buffers.root_index) {
    if (!buffers.mine.empty()) AddSend(buffers.root_index, buffers.mine);
    return Status();
  }
  std::size_t offset = 0;
  for (int i = 0; i < group_size(); ++i) {
    const std::size_t bytes = buffers.block_bytes[static_cast<std::size_t>(i)];
    const std::span<std::byte> place = buffers.all.subspan(offset, bytes);
    offset += bytes;
    if (bytes == 0) continue;
    if (i != my_index()) {
      AddReceive(i, place);
    } else if (place.data() != buffers.mine.data()) {
      std::memcpy(place.data(), buffers.mine.data(), bytes);
    }
  }
  return Status();
}

}  // namespace braid
