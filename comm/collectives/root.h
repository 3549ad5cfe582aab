#pragma once

#include "base/status.h"

#include <span>
#include <string>

namespace braid {

/// Errors: InvalidArgument where `root_index` is no index into `group`.
inline Status CheckRoot(std::span<const int> group, int root_index) {
  if (root_index >= 0 && static_cast<std::size_t>(root_index) < group.size()) return Status();
  return InvalidArgument("root index " + std::to_string(root_index) + " is not in a group of " +
                         std::to_string(group.size()));
}

}  // namespace braid
