#pragma once

#include "launch/command.h"

#include <span>
#include <string>

namespace braid {

/// The `braid` program: finds the subcommand and runs it. `arguments` are those after the program's
/// name.
ExitCode RunProgram(Arguments arguments, CommandContext& context);

}  // namespace braid
