#include "launch/program.h"

#include "launch/doctor_command.h"
#include "launch/explain_command.h"
#include "launch/inspect_command.h"
#include "launch/launch_command.h"
#include "launch/plan_command.h"
#include "launch/run_command.h"
#include "launch/simulate_command.h"
#include "launch/suggestion.h"
#include "launch/verify_command.h"
#include "launch/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <ostream>

namespace braid {
namespace {

std::vector<Command> Commands() {
  return {
      {"run", "generate text from a prompt", RunCommand},
      {"launch", "start ranks with mpirun and the flags that this machine needs", LaunchCommand},
      {"simulate", "serve a workload on a described cluster, and tell how it went",
       SimulateCommand},
      {"plan", "print and check the next steps of a simulation, or check a plan", PlanCommand},
      {"explain", "say why a policy decided as it did, and what else it could have done",
       ExplainCommand},
      {"verify", "compare ways of splitting a model with one rank", VerifyCommand},
      {"inspect", "describe a model file and what each rank would hold of it", InspectCommand},
      {"doctor", "tell what this build and this machine can do, and why not", DoctorCommand},
  };
}

std::string Help(const std::vector<Command>& commands) {
  std::string text =
      "Braid runs one large language model over many devices.\n"
      "Usage: braid COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) {
    text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  }
  text +=
      "\nOptions:\n"
      "  -h,--help   show this; braid COMMAND --help shows a command's options\n"
      "  --version   print the version\n";
  return text;
}

Status UnknownCommand(const std::string& word, const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  const bool is_flag = word.starts_with("-");
  return InvalidArgument(fmt::format("unknown {} '{}'{}; see braid --help",
                                     is_flag ? "flag" : "command", word,
                                     is_flag ? "" : DidYouMean(word, names)));
}

ExitCode Dispatch(Arguments arguments, CommandContext& context) {
  const std::vector<Command> commands = Commands();
  if (arguments.empty()) {
    context.err << Help(commands);
    return ExitCode::kBadInput;
  }
  const std::string& word = arguments.front();
  if (word == "help" && arguments.size() > 1) {
    const std::vector<std::string> rewritten = {arguments[1], "--help"};
    return Dispatch(rewritten, context);
  }
  if (word == "-h" || word == "--help" || word == "help") {
    context.out << Help(commands);
    return ExitCode::kSuccess;
  }
  if (word == "--version") {
    context.out << "braid " << Version() << '\n';
    return ExitCode::kSuccess;
  }
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == word; });
  if (found == commands.end()) return Fail(UnknownCommand(word, commands), context);
  return found->run(arguments.subspan(1), context);
}

}  // namespace

ExitCode RunProgram(Arguments arguments, CommandContext& context) {
  try {
    const ExitCode code = Dispatch(arguments, context);
    context.out.flush();
    if (!context.out && code == ExitCode::kSuccess) {
      return Fail(Unavailable("cannot write to standard output"), context);
    }
    return code;
  } catch (const std::bad_alloc&) {
    return Fail(OutOfMemory("this machine has no memory left; see braid inspect for what each rank "
                            "needs, and --ctx to need less"),
                context);
  } catch (const std::exception& error) {
    return Fail(Internal(error.what()), context);
  }
}

}  // namespace braid
