#pragma once

#include "base/status.h"
#include "launch/option_table.h"

#include <string>
#include <string_view>

namespace braid {

/// Sets options from YAML text: one mapping of option names to scalars (or, for lists, sequences of
/// scalars). `file` names it in messages and origins. All that is wrong is reported together, one
/// line each.
/// Errors: InvalidArgument with file, line, column and what is allowed; then some options may be
/// set.
Status ApplyConfigText(std::string_view text, const std::string& file, OptionTable& table);

/// The same from a file of at most 64 KiB.
/// Errors: also NotFound where it cannot be read.
Status ApplyConfigFile(const std::string& path, OptionTable& table);

}  // namespace braid
