#include "comm/collectives/blocks.h"

#include <numeric>
#include <string>

namespace braid {

Status CheckBlocks(std::span<const std::size_t> block_bytes, std::size_t group_size,
                   std::size_t buffer_bytes) {
  if (block_bytes.size() != group_size) {
    return InvalidArgument("a gather in a group of " + std::to_string(group_size) + " was given " +
                           std::to_string(block_bytes.size()) + " block sizes");
  }
  const std::size_t total = std::accumulate(block_bytes.begin(), block_bytes.end(), std::size_t{0});
  if (total != buffer_bytes) {
    return InvalidArgument("blocks of " + std::to_string(total) +
                           " bytes in all do not fill a buffer of " + std::to_string(buffer_bytes));
  }
  return Status();
}

}  // namespace braid
