#pragma once

#include "base/status.h"

#include <cstddef>
#include <span>

namespace braid {

/// Blocks of several ranks one after the other in one buffer, as the gathers make them.
/// Errors: InvalidArgument where there is not one size a member, or they do not fill the buffer.
Status CheckBlocks(std::span<const std::size_t> block_bytes, std::size_t group_size,
                   std::size_t buffer_bytes);

}  // namespace braid
