#include "launch/doctor_command.h"

#include "device/cpu/instruction_set.h"
#include "launch/backends.h"
#include "launch/child_process.h"
#include "launch/find_program.h"
#include "launch/machine.h"
#include "launch/option_table.h"
#include "launch/read_options.h"
#include "launch/text_table.h"
#include "launch/version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>
#include <utility>

namespace braid {
namespace {

// The transport between processes of one host keeps this much of /dev/shm for each rank.
constexpr std::uint64_t kSharedMemoryPerRank = 4 << 20;

std::string Bytes(std::uint64_t bytes) { return FormatBytes(static_cast<double>(bytes)); }

std::string Kernels() {
  const Result<InstructionSet> best = BestInstructionSet();
  return best.ok() ? std::string(InstructionSetName(*best)) : "none: " + best.error().message();
}

std::string MpirunVersion(const Environment& environment) {
  const auto path = FindProgram("mpirun", environment);
  if (!path) return "not on PATH (Debian: apt-get install openmpi-bin)";
  const Result<ChildOutcome> child = RunChild({*path, "--version"});
  if (!child.ok() || child->exit_code != 0) return *path + ", which does not tell its version";
  const std::string line = child->output.substr(0, child->output.find('\n'));
  const bool is_open_mpi = line.find("Open MPI") != std::string::npos;
  return fmt::format("{}, {}{}", *path, line,
                     is_open_mpi ? "" : "; braid launch writes flags for Open MPI 4");
}

std::string SharedMemory(const Machine& machine) {
  if (machine.shared_memory_bytes == 0) return "none: ranks of one host cannot share memory";
  return fmt::format("{}, room for {} ranks", Bytes(machine.shared_memory_bytes),
                     machine.shared_memory_bytes / kSharedMemoryPerRank);
}

std::string Ranks(const CommandContext& context, const Machine& machine) {
  if (context.world.launched) {
    return fmt::format("this is rank {} of {}", context.world.rank, context.world.size);
  }
  return fmt::format("one a core are quickest: {} here; more run too, slower", machine.cores);
}

std::string Report(const CommandContext& context) {
  const Machine machine = ThisMachine();
  TextTable table({"", "", ""},
                  {TextTable::Align::kLeft, TextTable::Align::kLeft, TextTable::Align::kLeft});
  table.AddRow({"braid", "", std::string(Version())});
  table.AddRow({"build", "", std::string(BuildDescription())});
  table.AddRow({"host", "", machine.host + (machine.is_root ? ", as root" : "")});
  table.AddRow({"cpu", "", machine.cpu});
  table.AddRow({"cores", "", std::to_string(machine.cores)});
  table.AddRow(
      {"instruction sets", "", fmt::format("{}", fmt::join(machine.instruction_sets, " "))});
  table.AddRow({"kernels used", "", Kernels()});
  table.AddRow({"memory", "",
                fmt::format("{}, {} available", Bytes(machine.memory_bytes),
                            Bytes(machine.available_bytes))});
  table.AddRow({"/dev/shm", "", SharedMemory(machine)});
  table.AddRow({"ranks", "", Ranks(context, machine)});
  table.AddRow({"mpirun", "", MpirunVersion(context.environment)});
  const auto add = [&](const char* kind, const std::vector<Viability>& all) {
    for (const Viability& one : all) {
      table.AddRow({fmt::format("{} {}", kind, one.name), one.viable ? "yes" : "no", one.detail});
    }
  };
  add("transport", Transports(context.environment));
  add("device", Devices());
  return table.ToString();
}

}  // namespace

ExitCode DoctorCommand(Arguments arguments, CommandContext& context) {
  const CommandSyntax syntax{
      .name = "doctor", .summary = "Tells what this build and this machine can do, and why not."};
  OptionTable table;
  const Result<CommandLine> line = ReadOptions(syntax, table, arguments, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  const bool speaks = !context.world.launched || context.world.rank == 0;
  if (speaks) context.out << (line->wants_help ? line->help : Report(context));
  return ExitCode::kSuccess;
}

}  // namespace braid
