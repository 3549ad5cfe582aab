#pragma once

#include <functional>
#include <optional>
#include <string>

namespace braid {

/// Looks up a variable; none where it is not set or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// That of this process. Nobody else calls getenv.
std::optional<std::string> ProcessEnvironment(const std::string& name);

}  // namespace braid
