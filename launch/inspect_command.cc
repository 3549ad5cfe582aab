#include "launch/inspect_command.h"

#include "launch/model_report.h"
#include "launch/options.h"
#include "launch/read_options.h"

#include <ostream>

namespace braid {
namespace {

CommandSyntax Syntax() {
  return {.name = "inspect",
          .summary = "Describes a model file and what each rank would hold of it.",
          .positional = "PATH",
          .positional_help = "the model, a GGUF file",
          .footer = "  braid inspect model.gguf --tp 2 --pp 2\n"};
}

Result<ModelReport> Describe(const std::string& path, const InspectOptions& options) {
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(path));
  const Mesh mesh{.tensor = static_cast<std::int32_t>(options.tp),
                  .pipeline = static_cast<std::int32_t>(options.pp)};
  const LoadOptions load{.dtype =
                             options.dtype == "f32" ? WeightDType::kF32 : WeightDType::kAsStored};
  return DescribeModel(file, mesh, load);
}

}  // namespace

ExitCode InspectCommand(Arguments arguments, CommandContext& context) {
  InspectOptions options;
  OptionTable table = TableOf(options);
  const Result<CommandLine> line = ReadOptions(Syntax(), table, arguments, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  if (line->wants_help) {
    context.out << line->help;
    return ExitCode::kSuccess;
  }
  const Result<ModelReport> report = Describe(line->positional, options);
  if (!report.ok()) return Fail(report.error(), context);
  context.out << (options.json ? ModelReportJson(*report) + "\n" : ModelReportText(*report));
  return ExitCode::kSuccess;
}

}  // namespace braid
