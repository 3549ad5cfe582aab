#pragma once

#include "launch/command.h"

namespace braid {

/// braid explain: why a policy decided as it did at a time of a simulation, and what else it could
/// have done.
ExitCode ExplainCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
