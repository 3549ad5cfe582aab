#pragma once

#include "base/status.h"
#include "launch/mpirun_line.h"

namespace braid {

/// How a supervised program ended.
struct SupervisedEnd {
  int exit_code = 0;   ///< 128 + signal where one ended it
  int signal = 0;      ///< that was sent to us meanwhile and passed on; 0: none
  bool spoke = false;  ///< it wrote to its standard error
};

/// Runs a command to its end: our standard input and output are its own, what it writes to its
/// standard error goes on to ours at once, SIGINT and SIGTERM that somebody sends us go on to it
/// (a terminal's Ctrl-C reaches it by itself), and it ends when we do.
/// Errors: Unavailable where it cannot be started.
/// Thread: the only one of the process.
Result<SupervisedEnd> Supervise(const MpirunLine& line);

}  // namespace braid
