#pragma once

#include "base/status.h"
#include "launch/environment.h"
#include "launch/exit_code.h"
#include "launch/world.h"

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// What a command runs in.
struct CommandContext {
  std::ostream& out;             ///< what was asked for
  std::ostream& err;             ///< everything else
  bool err_is_terminal = false;  ///< progress may be shown
  Environment environment;
  World world;
};

using Arguments = std::span<const std::string>;
using CommandFunction = ExitCode (*)(Arguments arguments, CommandContext& context);

/// A subcommand of `braid`.
struct Command {
  std::string name;
  std::string summary;
  CommandFunction run;
};

/// Tells the user why the command failed, at once and whichever rank this is.
void Tell(const Status& status, CommandContext& context);

/// Tells the user why the command failed, once for the whole job: rank 0 speaks; the other ranks
/// wait until the launcher, which sees rank 0 fail, ends them, and speak only if it does not.
ExitCode Fail(const Status& status, CommandContext& context);

}  // namespace braid
