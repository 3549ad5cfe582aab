#pragma once

#include "base/status.h"
#include "launch/environment.h"

#include <optional>
#include <string>

namespace braid {

/// Path of the executable `name` on PATH.
std::optional<std::string> FindProgram(const std::string& name, const Environment& environment);

/// Path of this very program.
/// Errors: Unavailable where /proc does not tell.
Result<std::string> OwnProgram();

}  // namespace braid
