#pragma once

#include "launch/hosts_file.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// What the flags of mpirun depend on.
struct MpirunRequest {
  std::int64_t ranks = 1;
  std::vector<Host> hosts;  ///< empty: this one
  /// Names of variables that ranks on other hosts need too; mpirun takes no others there.
  std::vector<std::string> exported = {};
  bool as_root = false;  ///< the launching user is root, whom mpirun refuses unless told
  bool verbose = false;  ///< mpirun may speak
  std::string mpirun = "mpirun";
  std::vector<std::string> command = {};  ///< program and arguments of each rank
};

/// A command to execute: variables to set, program and arguments.
struct MpirunLine {
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<std::string> arguments;

  /// As it can be pasted into a shell.
  std::string ToString() const;
};

/// The mpirun line of Open MPI 4 for this machine.
///
/// Why each flag: ranks that poll need every core free to run any of them and must yield when idle
/// (else one polling rank costs another whole scheduler quanta); on one host the loopback interface
/// is there whatever the network is like; more ranks than cores or slots are refused otherwise.
/// Errors are left to our own one message, so mpirun is told to be quiet.
MpirunLine BuildMpirunLine(const MpirunRequest& request);

/// `text` as a shell reads it as one word.
std::string ShellQuote(const std::string& text);

}  // namespace braid
