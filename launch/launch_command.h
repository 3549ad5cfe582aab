#pragma once

#include "launch/command.h"

namespace braid {

/// braid launch -n N [--hosts FILE] -- SUBCOMMAND ...: becomes an mpirun that runs this program N
/// times. The ranks' exit code is mpirun's, and so ours.
ExitCode LaunchCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
