#pragma once

#include "launch/command.h"

namespace braid {

/// braid verify: holds the logits and greedy tokens of each way of splitting against one rank's.
/// Exit code 1 where one differs.
ExitCode VerifyCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
