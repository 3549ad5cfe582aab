#pragma once

#include "launch/command.h"

namespace braid {

/// braid launch -n N [--hosts FILE] -- SUBCOMMAND ...: has mpirun run this program N times, and
/// speaks for it where no rank can. The ranks' exit code is mpirun's, and so ours.
ExitCode LaunchCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
