#pragma once

#include "launch/command.h"

namespace braid {

/// braid plan: the next steps that a policy issues at a time of a simulation, checked; or checks a
/// plan in a file.
ExitCode PlanCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
