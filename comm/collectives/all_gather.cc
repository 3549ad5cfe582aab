#include "comm/collectives/all_gather.h"

#include "comm/collectives/blocks.h"

#include <numeric>

namespace braid {

Status AllGather::Start(const CollectiveCall& call, std::span<const std::size_t> block_bytes,
                        std::span<std::byte> all) {
  RETURN_IF_ERROR(CheckBlocks(block_bytes, call.group.size(), all.size()));
  RETURN_IF_ERROR(Begin(call));
  const auto me = static_cast<std::size_t>(my_index());
  const std::size_t my_offset =
      std::accumulate(block_bytes.begin(), block_bytes.begin() + my_index(), std::size_t{0});
  const std::span<const std::byte> mine = all.subspan(my_offset, block_bytes[me]);

  std::size_t offset = 0;
  for (int i = 0; i < group_size(); ++i) {
    const std::size_t bytes = block_bytes[static_cast<std::size_t>(i)];
    if (i != my_index()) {
      if (bytes > 0) AddReceive(i, all.subspan(offset, bytes));
      if (!mine.empty()) AddSend(i, mine);
    }
    offset += bytes;
  }
  return Status();
}

}  // namespace braid
