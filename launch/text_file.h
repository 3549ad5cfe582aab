#pragma once

#include "base/status.h"

#include <cstddef>
#include <iosfwd>
#include <string>

namespace braid {

/// All of a file. `what` names its purpose in messages ("prompt").
/// Errors: NotFound where it cannot be read; InvalidArgument where it is a folder or has more than
/// `max_bytes`.
Result<std::string> ReadTextFile(const std::string& path, std::size_t max_bytes,
                                 const std::string& what);

/// All of a stream, with the same limit.
Result<std::string> ReadTextStream(std::istream& stream, std::size_t max_bytes,
                                   const std::string& what);

}  // namespace braid
