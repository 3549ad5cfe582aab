#pragma once

#include "launch/command.h"

namespace braid {

/// braid inspect PATH: describes a model file and what each rank would hold of it.
ExitCode InspectCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
