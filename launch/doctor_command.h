#pragma once

#include "launch/command.h"

namespace braid {

/// braid doctor: what this build and this machine can do, and why not.
ExitCode DoctorCommand(Arguments arguments, CommandContext& context);

}  // namespace braid
