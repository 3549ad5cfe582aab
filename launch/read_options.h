#pragma once

#include "base/status.h"
#include "launch/command_line.h"
#include "launch/environment.h"
#include "launch/option_table.h"

#include <span>
#include <string>

namespace braid {

/// Fills the table from the environment, the file of its option "config" (where it has one) and the
/// flags, each winning over what came before.
/// Errors: as ParseCommandLine and ApplyConfigFile; InvalidArgument naming the flag or variable.
Result<CommandLine> ReadOptions(const CommandSyntax& syntax, OptionTable& table,
                                std::span<const std::string> arguments,
                                const Environment& environment);

/// Every option that a file may set, as YAML that --config reads back, with the origin of each
/// value as a comment.
std::string PrintConfig(const OptionTable& table);

}  // namespace braid
