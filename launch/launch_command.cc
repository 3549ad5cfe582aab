#include "launch/launch_command.h"

#include "launch/backends.h"
#include "launch/find_program.h"
#include "launch/mpirun_line.h"
#include "launch/options.h"
#include "launch/read_options.h"
#include "launch/supervise.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ostream>

namespace braid {
namespace {

CommandSyntax Syntax() {
  return {.name = "launch",
          .summary = "Starts ranks with mpirun, and with the flags that this machine needs.",
          .hint = "the command of the ranks stands after --",
          .footer =
              "After -- stands the command of each rank, without 'braid':\n"
              "  braid launch -n 2 -- run --model model.gguf --tp 2 --prompt \"Once upon\"\n"};
}

Result<std::vector<std::string>> CommandOfRanks(Arguments arguments) {
  if (arguments.empty()) {
    return InvalidArgument(
        "no command to launch; put it after --, as in: braid launch -n 2 -- run --model PATH");
  }
  if (arguments.front() == "launch") return InvalidArgument("launch cannot launch itself");
  ASSIGN_OR_RETURN(std::string program, OwnProgram());
  std::vector<std::string> command = {std::move(program)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Result<MpirunRequest> Request(const LaunchOptions& fields, Arguments command,
                              const CommandContext& context) {
  if (context.world.launched) {
    return InvalidArgument("launch is itself running under mpirun; run it outside");
  }
  if (fields.ranks == 0) return InvalidArgument("how many ranks? give -n N");
  MpirunRequest request{
      .ranks = fields.ranks, .hosts = {}, .as_root = geteuid() == 0, .verbose = fields.verbose};
  ASSIGN_OR_RETURN(request.command, CommandOfRanks(command));
  if (!fields.hosts.empty()) {
    ASSIGN_OR_RETURN(request.hosts, ReadHostsFile(fields.hosts));
    if (context.environment("BRAID_MODEL")) request.exported.emplace_back("BRAID_MODEL");
  }
  if (!MpiIsBuiltIn()) {
    return FailedPrecondition(
        "this build has no MPI; configure it with -DBRAID_WITH_MPI=ON, or "
        "leave launch out: run --tp N runs its ranks as threads");
  }
  if (!FindProgram("mpirun", context.environment)) {
    return FailedPrecondition(
        "there is no mpirun on PATH; install Open MPI (Debian: apt-get "
        "install openmpi-bin), or leave launch out: run --tp N runs its "
        "ranks as threads");
  }
  return request;
}

/// What happened, where the ranks could not say it themselves. Empty where they did.
std::string Explain(const SupervisedEnd& end) {
  constexpr int kSignals = 128;  // how exit codes tell of signals
  if (end.exit_code > kSignals && end.exit_code < kSignals + NSIG) {
    const int number = end.exit_code - kSignals;
    return fmt::format(
        "a rank was ended by signal {} ({}){}", number, strsignal(number),
        number == SIGKILL ? "; if nobody sent it, the machine ran out of memory" : "");
  }
  if (end.exit_code == 0 || end.spoke) return "";
  return fmt::format(
      "mpirun ended with exit code {} and without a word; launch --verbose lets it "
      "speak",
      end.exit_code);
}

/// Runs mpirun to its end. Not exec: mpirun is kept quiet, since what it says of a failure buries
/// our one message, and so somebody must speak where no rank could; and it knows no exit code for
/// Ctrl-C.
ExitCode RunMpirun(const MpirunLine& mpirun, CommandContext& context) {
  const Result<SupervisedEnd> end = Supervise(mpirun);
  if (!end.ok()) return Fail(end.error(), context);
  if (end->signal != 0 && end->exit_code != 0) {
    context.err << (end->signal == SIGINT ? "braid: interrupted\n" : "braid: terminated\n");
    return end->signal == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
  }
  if (const std::string words = Explain(*end); !words.empty()) {
    context.err << "braid: error: " << words << '\n';
  }
  return static_cast<ExitCode>(end->exit_code);
}

}  // namespace

ExitCode LaunchCommand(Arguments arguments, CommandContext& context) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const auto num_own = static_cast<std::size_t>(dashes - arguments.begin());
  const Arguments own = arguments.first(num_own);
  const Arguments command = arguments.subspan(std::min(num_own + 1, arguments.size()));

  LaunchOptions fields;
  OptionTable table = TableOf(fields);
  const Result<CommandLine> line = ReadOptions(Syntax(), table, own, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  if (line->wants_help) {
    context.out << line->help;
    return ExitCode::kSuccess;
  }
  const Result<MpirunRequest> request = Request(fields, command, context);
  if (!request.ok()) return Fail(request.error(), context);

  const MpirunLine mpirun = BuildMpirunLine(*request);
  if (fields.dry_run) {
    context.out << mpirun.ToString() << '\n';
    return ExitCode::kSuccess;
  }
  context.err << "braid: " << mpirun.ToString() << std::endl;
  return RunMpirun(mpirun, context);
}

}  // namespace braid
