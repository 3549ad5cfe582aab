#include "launch/environment.h"
#include "launch/program.h"

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  braid::CommandContext context{.out = std::cout,
                                .err = std::cerr,
                                .err_is_terminal = isatty(STDERR_FILENO) == 1,
                                .environment = braid::ProcessEnvironment,
                                .world = braid::DetectWorld(braid::ProcessEnvironment)};
  return static_cast<int>(braid::RunProgram(arguments, context));
}
