#include "launch/verify_command.h"

#include "launch/backends.h"
#include "launch/child_process.h"
#include "launch/find_program.h"
#include "launch/forced_rows.h"
#include "launch/job_setup.h"
#include "launch/options.h"
#include "launch/read_options.h"
#include "launch/splits.h"
#include "launch/status_line.h"
#include "launch/verify_report.h"
#include "models/gguf/gguf_file.h"
#include "models/spec_from_gguf.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <utility>

namespace braid {
namespace {

constexpr char kOwnPrompt[] =
    "Once upon a time, in a village by the sea, there lived an old clockmaker who had never missed "
    "a day of work. One morning all the clocks in the village stopped.";

// Of reference logits; more is a mistake rather than a wish.
constexpr std::uint64_t kMaxReferenceBytes = std::uint64_t{4} << 30;

CommandSyntax Syntax() {
  return {.name = "verify",
          .summary =
              "Compares logits and greedy tokens of each way of splitting with one rank: each "
              "--tp alone, each --pp alone, and each pair of both.",
          .footer =
              "  braid verify --model model.gguf --tp 2,4 --pp 2\n"
              "With --comm mpi each split is a job of its own under mpirun.\n"};
}

/// One verification, from its options to its report.
class Verification {
 public:
  Verification(const VerifyOptions& options, const OptionTable& table, CommandContext& context)
      : options_(options), table_(table), context_(context), progress_(context) {}

  Result<VerifyReport> Run();

  /// With what a run under mpirun ended that has told the user why.
  std::optional<ExitCode> child_failure() const { return child_failure_; }

 private:
  bool leads() const { return !context_.world.launched || context_.world.rank == 0; }
  Status Prepare();
  Status KeepThisWorldsSplit();
  Status RunReference();
  Status RunSplit(const Mesh& mesh);
  Status RunSplitUnderMpirun(const Mesh& mesh);
  Status CompareWith(Lead& lead, const Mesh& mesh);
  JobOptions JobOf(const Mesh& mesh) const;

  const VerifyOptions& options_;
  const OptionTable& table_;
  CommandContext& context_;
  StatusLine progress_;
  Comm comm_ = Comm::kInproc;
  JobOptions job_;
  std::vector<Mesh> splits_;
  std::vector<std::int32_t> prompt_;
  std::optional<ReferenceLogits> reference_;
  VerifyReport report_;
  std::optional<ExitCode> child_failure_;
};

JobOptions Verification::JobOf(const Mesh& mesh) const {
  JobOptions job = job_;
  job.mesh = mesh;
  return job;
}

Status Verification::Prepare() {
  ASSIGN_OR_RETURN(comm_, ChooseComm(options_.comm, context_.world));
  ASSIGN_OR_RETURN(job_, JobOptionsOf(options_.model, Mesh{}));
  splits_ = SplitsOf(options_.tp, options_.pp);
  if (splits_.empty()) {
    return InvalidArgument("nothing to compare; give --tp or --pp, as in --tp 2,4 --pp 2");
  }
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(job_.model_path));
  ASSIGN_OR_RETURN(const ModelSpec spec, SpecFromGguf(file));
  return CheckSplits(spec, splits_);
}

Status Verification::KeepThisWorldsSplit() {
  std::erase_if(splits_, [&](const Mesh& mesh) { return mesh.size() != context_.world.size; });
  if (splits_.size() == 1) return {};
  return InvalidArgument(
      fmt::format("under mpirun verify compares one split, that of all {} ranks, but --tp and --pp "
                  "name {} such; "
                  "run braid verify --comm mpi without mpirun to compare several",
                  context_.world.size, splits_.size()));
}

Status Verification::RunReference() {
  progress_.Show("one rank");
  ASSIGN_OR_RETURN(const std::string text, ReadPrompt(options_.prompt, kOwnPrompt));
  return RunInprocJob(JobOf(Mesh{}), [&](Lead& lead) -> Status {
    prompt_ = lead.tokenizer().Encode(text, /*parse_special=*/false, /*add_bos=*/true);
    const std::int32_t vocab = lead.spec().vocab_size;
    const std::uint64_t rows = prompt_.size() + static_cast<std::uint64_t>(options_.max_tokens);
    if (rows * static_cast<std::uint64_t>(vocab) > kMaxReferenceBytes / sizeof(float)) {
      return InvalidArgument(
          fmt::format("the logits of {} positions take more than {} GB; shorten the prompt or "
                      "lower --max-tokens",
                      rows, kMaxReferenceBytes >> 30));
    }
    reference_.emplace(vocab);
    return ForEachRow(lead, prompt_, static_cast<std::int32_t>(options_.max_tokens),
                      [&](std::int32_t, std::span<const float> logits) {
                        reference_->Add(logits);
                        return BestToken(logits);
                      });
  });
}

Status Verification::CompareWith(Lead& lead, const Mesh& mesh) {
  const auto first_token_row = static_cast<std::int32_t>(prompt_.size()) - 1;
  LogitComparison comparison(*reference_, first_token_row, options_.tolerance);
  RETURN_IF_ERROR(ForEachRow(lead, prompt_, static_cast<std::int32_t>(options_.max_tokens),
                             [&](std::int32_t row, std::span<const float> logits) {
                               comparison.Add(row, logits);
                               return BestToken(reference_->row(row));
                             }));
  // Stages cut between operators, not within one: in exact numerics not a bit may change.
  const bool bitwise = job_.numerics == Numerics::kExact && mesh.tensor == 1;
  report_.rows = reference_->num_rows();
  report_.splits.push_back({mesh, comparison.difference(), bitwise ? 0.0 : options_.tolerance});
  return {};
}

Status Verification::RunSplit(const Mesh& mesh) {
  const LeadFunction lead = [&](Lead& job) { return CompareWith(job, mesh); };
  if (comm_ == Comm::kInproc) return RunInprocJob(JobOf(mesh), lead);
  return RunLaunchedJob(JobOf(mesh), lead, nullptr, [this](const Status& status) {
    progress_.Clear();
    Tell(status, context_);
  });
}

/// Runs this program again under mpirun, for one split, and takes over its verdict.
Status Verification::RunSplitUnderMpirun(const Mesh& mesh) {
  ASSIGN_OR_RETURN(const std::string program, OwnProgram());
  std::vector<std::string> words = {program, "launch", "-n",    std::to_string(mesh.size()),
                                    "--",    "verify", "--json"};
  for (const Option& option : table_.options()) {
    const bool is_ours = option.name == "tp" || option.name == "pp" || option.name == "json" ||
                         option.name == "comm" || !option.in_file;
    if (is_ours || option.origin.kind == Origin::Kind::kDefault) continue;
    words.push_back("--" + option.name + "=" + ValueText(option));
  }
  if (mesh.tensor > 1) words.push_back(fmt::format("--tp={}", mesh.tensor));
  if (mesh.pipeline > 1) words.push_back(fmt::format("--pp={}", mesh.pipeline));
  ASSIGN_OR_RETURN(const ChildOutcome child, RunChild(words));
  const Result<VerifyReport> verdict = ParseVerifyJson(child.output);
  if (!verdict.ok()) {
    const bool bad_input = child.exit_code == static_cast<int>(ExitCode::kBadInput);
    child_failure_ = bad_input ? ExitCode::kBadInput : ExitCode::kFailure;
    return Aborted("failed under mpirun");
  }
  report_.rows = verdict->rows;
  report_.splits.insert(report_.splits.end(), verdict->splits.begin(), verdict->splits.end());
  return {};
}

Result<VerifyReport> Verification::Run() {
  RETURN_IF_ERROR(Prepare());
  const bool starts_mpirun = comm_ == Comm::kMpi && !context_.world.launched;
  if (context_.world.launched && comm_ == Comm::kMpi) RETURN_IF_ERROR(KeepThisWorldsSplit());
  if (!starts_mpirun && leads()) RETURN_IF_ERROR(RunReference());
  for (const Mesh& mesh : splits_) {
    if (leads()) progress_.Show(SplitName(mesh));
    const Status status = starts_mpirun ? RunSplitUnderMpirun(mesh) : RunSplit(mesh);
    if (!status.ok()) return status.WithContext("split " + SplitName(mesh));
  }
  return report_;
}

}  // namespace

ExitCode VerifyCommand(Arguments arguments, CommandContext& context) {
  VerifyOptions options;
  OptionTable table = TableOf(options);
  const Result<CommandLine> line = ReadOptions(Syntax(), table, arguments, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  const bool speaks = !context.world.launched || context.world.rank == 0;
  if (line->wants_help || options.print_config) {
    if (speaks) context.out << (line->wants_help ? line->help : PrintConfig(table));
    return ExitCode::kSuccess;
  }
  Verification verification(options, table, context);
  const Result<VerifyReport> report = verification.Run();
  if (verification.child_failure()) return *verification.child_failure();
  if (!report.ok()) return Fail(report.error(), context);
  if (!speaks) return ExitCode::kSuccess;
  context.out << (options.json ? VerifyJson(*report) + "\n" : VerifyTable(*report));
  return report->all_equal() ? ExitCode::kSuccess : ExitCode::kFailure;
}

}  // namespace braid
