#pragma once

#include "base/status.h"

namespace braid {

/// What `braid` answers to the shell.
enum class ExitCode : int {
  kSuccess = 0,
  kFailure = 1,        ///< the machine's or our fault, or a comparison that did not hold
  kBadInput = 2,       ///< the user can mend it
  kInterrupted = 130,  ///< Ctrl-C, as shells count it
  kTerminated = 143,   ///< SIGTERM
};

ExitCode ExitCodeOf(const Status& status);

}  // namespace braid
