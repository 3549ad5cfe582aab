#pragma once

#include "base/status.h"
#include "launch/option_table.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// How a command is called, but for its options.
struct CommandSyntax {
  std::string name;             ///< "run"
  std::string summary;          ///< one sentence
  std::string positional = {};  ///< name of its one argument, or empty
  std::string positional_help = {};
  std::string hint = {};    ///< for whoever writes an argument too many
  std::string footer = {};  ///< examples, after the options in its help
};

/// What a command line says; no option is set yet.
struct CommandLine {
  bool wants_help = false;
  std::string help;                                        ///< where wanted
  std::vector<std::pair<std::string, std::string>> flags;  ///< option name and text, in order
  std::string positional;
};

/// Cuts `arguments` (those after the command's name) into flags and the positional argument.
/// Errors: InvalidArgument for an unknown flag (with the nearest known one), a missing value, an
/// argument too many or too few.
Result<CommandLine> ParseCommandLine(const CommandSyntax& syntax, const OptionTable& table,
                                     std::span<const std::string> arguments);

}  // namespace braid
