#pragma once

#include "base/status.h"

#include <string>
#include <vector>

namespace braid {

/// How a child ended, and what it wrote to its standard output.
struct ChildOutcome {
  int exit_code = 0;  ///< 128 + signal where one ended it
  std::string output;
};

/// Runs a program to its end; its standard error is ours. arguments[0] is its path, or a name to be
/// found on PATH.
/// Errors: Unavailable where it cannot be started.
/// Thread: waits.
Result<ChildOutcome> RunChild(const std::vector<std::string>& arguments);

}  // namespace braid
