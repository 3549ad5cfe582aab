#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A machine to start ranks on, and how many.
struct Host {
  std::string name;
  std::int32_t slots = 1;

  bool operator==(const Host&) const = default;
};

/// Reads one host a line: "name", "name:4" or "name slots=4"; # begins a comment.
/// Errors: InvalidArgument with file and line for anything else, a host named twice, or no host.
Result<std::vector<Host>> ParseHosts(std::string_view text, const std::string& file);

/// The same from a file of at most 1 MiB.
/// Errors: also NotFound where it cannot be read.
Result<std::vector<Host>> ReadHostsFile(const std::string& path);

}  // namespace braid
