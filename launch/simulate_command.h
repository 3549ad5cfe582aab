#pragma once

#include "launch/command.h"

namespace braid {

/// braid simulate: serves a workload on a cluster of numbers, under one policy or several.
ExitCode SimulateCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
