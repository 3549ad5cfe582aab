#include "launch/run_command.h"

#include "launch/backends.h"
#include "launch/interrupt.h"
#include "launch/job_setup.h"
#include "launch/options.h"
#include "launch/read_options.h"
#include "launch/run_report.h"
#include "launch/status_line.h"
#include "launch/text_stream.h"
#include "launch/trace_file.h"
#include "models/chat.h"
#include "runtime/generate.h"
#include "runtime/task_trace.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <ostream>
#include <utility>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

CommandSyntax Syntax() {
  return {.name = "run",
          .summary =
              "Generates text from a prompt. Text goes to standard output, everything else "
              "to standard error.",
          .footer =
              "Without mpirun the ranks are threads of one process:\n"
              "  braid run --model model.gguf --tp 2 --prompt \"Once upon a time\"\n"};
}

/// One run, from its options to its end.
class Run {
 public:
  Run(RunOptions& options, OptionTable& table, CommandContext& context, Clock::time_point start)
      : options_(options), table_(table), context_(context), start_(start), progress_(context) {}

  /// Settles what depends on the ranks there are: --comm, --tp, --pp.
  Status Settle();
  ExitCode Start();

 private:
  bool leads() const { return !context_.world.launched || context_.world.rank == 0; }
  Status Prepare();
  Status RunJob(TaskTrace* trace);
  Status LeadJob(Lead& lead);
  Result<std::vector<std::int32_t>> PromptTokens(const Lead& lead) const;
  GenerateOptions Sampling(TextStream& text);
  Status WriteTrace(TaskTrace& trace) const;
  void EndText();
  ExitCode GiveUp(const Status& status);

  RunOptions& options_;
  OptionTable& table_;
  CommandContext& context_;
  Clock::time_point start_;
  StatusLine progress_;
  std::unique_ptr<InterruptWatch> interrupt_;
  Comm comm_ = Comm::kInproc;
  JobOptions job_;
  std::string prompt_;
  RunOutcome outcome_;
};

Status Run::Settle() {
  ASSIGN_OR_RETURN(comm_, ChooseComm(options_.comm, context_.world));
  ASSIGN_OR_RETURN(const Mesh mesh, ChooseMeshFor(comm_, options_.tp, options_.pp, context_.world));
  const std::string ranks =
      context_.world.launched ? fmt::format("{} ranks were started", context_.world.size) : "";
  const auto settle = [&](const char* name, const std::string& value) {
    Option& option = *table_.Find(name);
    if (option.origin.kind != Origin::Kind::kDefault) return Status();
    option.default_note.clear();
    return SetOption(option, value, {Origin::Kind::kDefault, ranks});
  };
  RETURN_IF_ERROR(settle("comm", comm_ == Comm::kMpi ? "mpi" : "inproc"));
  RETURN_IF_ERROR(settle("tp", std::to_string(mesh.tensor)));
  job_.mesh = mesh;
  return {};
}

Status Run::Prepare() {
  ASSIGN_OR_RETURN(job_, JobOptionsOf(options_.model, Mesh(job_.mesh)));
  job_.trace = !options_.trace.empty();
  if (options_.system && !options_.chat) {
    return InvalidArgument("--system has a meaning only with --chat");
  }
  if (job_.trace) RETURN_IF_ERROR(CheckTraceFile(options_.trace, comm_, context_.world));
  // Under mpirun only rank 0 has a standard input, and nobody else needs the prompt.
  if (leads()) {
    ASSIGN_OR_RETURN(prompt_, ReadPrompt(options_.prompt, nullptr));
  }
  return {};
}

Result<std::vector<std::int32_t>> Run::PromptTokens(const Lead& lead) const {
  if (!options_.chat) {
    return lead.tokenizer().Encode(prompt_, /*parse_special=*/false, /*add_bos=*/true);
  }
  std::vector<ChatMessage> messages;
  if (options_.system) messages.push_back({"system", *options_.system});
  messages.push_back({"user", prompt_});
  ASSIGN_OR_RETURN(const std::string text, FormatChat(lead.vocabulary().chat_template, messages));
  return lead.tokenizer().Encode(text, /*parse_special=*/true, /*add_bos=*/true);
}

GenerateOptions Run::Sampling(TextStream& text) {
  GenerateOptions generate;
  generate.max_tokens = static_cast<std::int32_t>(options_.max_tokens);
  generate.sampling = {.temperature = static_cast<float>(options_.temperature),
                       .top_k = static_cast<std::int32_t>(options_.top_k),
                       .top_p = static_cast<float>(options_.top_p),
                       .seed = static_cast<std::uint64_t>(options_.seed)};
  generate.on_token = [this, &text](std::int32_t token) {
    if (outcome_.start_to_first_token_seconds == 0) {
      outcome_.start_to_first_token_seconds =
          std::chrono::duration<double>(Clock::now() - start_).count();
      progress_.Clear();
    }
    text.Add(token);
    outcome_.interrupted = interrupt_ != nullptr && interrupt_->interrupted();
    // Nobody reads any more: the rest would be computed for nothing.
    return !outcome_.interrupted && context_.out.good();
  };
  return generate;
}

Status Run::LeadJob(Lead& lead) {
  ASSIGN_OR_RETURN(const std::vector<std::int32_t> tokens, PromptTokens(lead));
  TextStream text(lead.tokenizer(), options_.json ? nullptr : &context_.out,
                  prompt_.empty() && !options_.chat);
  ASSIGN_OR_RETURN(outcome_.generation, Generate(lead, tokens, Sampling(text)));
  text.Finish();
  outcome_.text = text.text();
  if (!options_.json && !outcome_.text.empty()) context_.out << std::endl;
  ASSIGN_OR_RETURN(outcome_.ranks, lead.Reports());
  return {};
}

Status Run::RunJob(TaskTrace* trace) {
  const LeadFunction lead = [this](Lead& job) { return LeadJob(job); };
  if (comm_ == Comm::kInproc) return RunInprocJob(job_, lead, trace);
  return RunLaunchedJob(job_, lead, trace, [this](const Status& status) {
    EndText();
    Tell(status, context_);
  });
}

void Run::EndText() {
  progress_.Clear();
  // An error stands on a line of its own, also behind text that has begun.
  if (!options_.json && outcome_.start_to_first_token_seconds > 0) context_.out << std::endl;
}

ExitCode Run::GiveUp(const Status& status) {
  EndText();
  return Fail(status, context_);
}

Status Run::WriteTrace(TaskTrace& trace) const {
  const std::vector<TaskSpan> spans = trace.Take();
  return TaskTrace::Write(TraceFileOf(options_.trace, comm_, context_.world), spans);
}

ExitCode Run::Start() {
  if (const Status status = Prepare(); !status.ok()) return GiveUp(status);
  // mpirun itself answers Ctrl-C for the ranks it started.
  if (!context_.world.launched) {
    interrupt_ = std::make_unique<InterruptWatch>([] {
      constexpr char kText[] = "\nbraid: interrupted\n";
      (void)!write(STDERR_FILENO, kText, sizeof(kText) - 1);
      _exit(static_cast<int>(ExitCode::kInterrupted));
    });
  }
  if (leads()) progress_.Show("loading " + job_.model_path);
  TaskTrace trace;
  Status status = RunJob(job_.trace ? &trace : nullptr);
  if (status.ok() && job_.trace) status = WriteTrace(trace);
  progress_.Clear();
  if (!status.ok()) return GiveUp(status);
  if (!leads()) return ExitCode::kSuccess;
  if (options_.json) {
    context_.out << RunJson(outcome_, job_.mesh, table_) << std::endl;
  } else {
    context_.err << '\n' << RunSummary(outcome_);
  }
  if (!outcome_.interrupted) return ExitCode::kSuccess;
  context_.err << fmt::format("braid: interrupted after {} tokens\n",
                              outcome_.generation.tokens.size());
  return ExitCode::kInterrupted;
}

}  // namespace

ExitCode RunCommand(Arguments arguments, CommandContext& context) {
  const Clock::time_point start = Clock::now();
  RunOptions options;
  OptionTable table = TableOf(options);
  const Result<CommandLine> line = ReadOptions(Syntax(), table, arguments, context.environment);
  if (!line.ok()) return Fail(line.error(), context);
  const bool speaks = !context.world.launched || context.world.rank == 0;
  if (line->wants_help) {
    if (speaks) context.out << line->help;
    return ExitCode::kSuccess;
  }
  Run run(options, table, context, start);
  if (const Status status = run.Settle(); !status.ok()) return Fail(status, context);
  if (options.print_config) {
    if (speaks) context.out << PrintConfig(table);
    return ExitCode::kSuccess;
  }
  return run.Start();
}

}  // namespace braid
