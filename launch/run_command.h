#pragma once

#include "launch/command.h"

namespace braid {

/// braid run: generates text from a prompt.
ExitCode RunCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
