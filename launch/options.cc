#include "launch/options.h"

#include <limits>

namespace braid {
namespace {

constexpr std::int64_t kMaxDegree = 1024;
constexpr std::int64_t kMaxTokens = std::numeric_limits<std::int32_t>::max();

void AddModelOptions(ModelOptions& fields, OptionTable& table) {
  table.Add({.name = "model",
             .target = TextTarget{&fields.model},
             .value_name = "PATH",
             .help = "the model, a GGUF file",
             .default_note = "none",
             .environment = "BRAID_MODEL"});
  table.Add({.name = "dtype",
             .target = TextTarget{&fields.dtype, {"auto", "f32"}},
             .value_name = "TYPE",
             .help = "how weights lie in memory: auto keeps the file's own types"});
  table.Add(
      {.name = "numerics",
       .target = TextTarget{&fields.numerics, {"fast", "exact"}},
       .value_name = "MODE",
       .help =
           "exact: bits do not depend on batch, chunk or machine; fast may (on CPUs it does not)"});
  table.Add({.name = "ctx",
             .target = IntegerTarget{&fields.ctx, 1, kMaxTokens},
             .value_name = "N",
             .help = "tokens of context to keep room for",
             .default_note = "the model's own"});
  table.Add({.name = "chunk",
             .target = IntegerTarget{&fields.chunk, 1, 65536},
             .value_name = "N",
             .help = "prompt tokens of one step; longer prompts go in several"});
  table.Add({.name = "timeout",
             .target = IntegerTarget{&fields.timeout, 1, 86400},
             .value_name = "SECONDS",
             .help = "how long a rank waits for another before the job fails"});
}

void AddPromptOptions(PromptOptions& fields, OptionTable& table, std::string default_note) {
  table.Add({.name = "prompt",
             .target = OptionalTextTarget{&fields.prompt},
             .value_name = "TEXT",
             .help = "the prompt",
             .default_note = std::move(default_note)});
  table.Add({.name = "prompt-file",
             .target = TextTarget{&fields.prompt_file},
             .value_name = "FILE",
             .help = "read the prompt from a file; - is standard input",
             .default_note = "none"});
}

void AddConfigOptions(std::string& config, bool& print_config, OptionTable& table) {
  table.Add({.name = "config",
             .target = TextTarget{&config},
             .value_name = "FILE",
             .help = "YAML file with the same options as keys (without --); flags win over it",
             .default_note = "none",
             .in_file = false});
  table.Add({.name = "print-config",
             .target = SwitchTarget{&print_config},
             .value_name = "",
             .help = "print every value and where it came from, and end",
             .in_file = false});
}

Option CommOption(std::string& field) {
  return {.name = "comm",
          .target = TextTarget{&field, {"inproc", "mpi"}},
          .value_name = "NAME",
          .help = "how ranks talk: inproc runs them as threads of this process",
          .default_note = "mpi under mpirun, else inproc"};
}

Option JsonOption(bool& field, std::string help) {
  return {
      .name = "json", .target = SwitchTarget{&field}, .value_name = "", .help = std::move(help)};
}

Option DegreeOption(std::string name, std::int64_t& field, std::string help) {
  return {.name = std::move(name),
          .target = IntegerTarget{&field, 1, kMaxDegree},
          .value_name = "N",
          .help = std::move(help)};
}

void AddSamplingOptions(RunOptions& fields, OptionTable& table) {
  table.Add({.name = "temperature",
             .target = RealTarget{&fields.temperature, 0, 100},
             .value_name = "T",
             .help = "0 always takes the best token"});
  table.Add({.name = "top-k",
             .target = IntegerTarget{&fields.top_k, 0, kMaxTokens},
             .value_name = "N",
             .help = "draw from the N best tokens only; 0: from all"});
  table.Add({.name = "top-p",
             .target = RealTarget{&fields.top_p, 0, 1, /*above_minimum=*/true},
             .value_name = "P",
             .help = "draw from the best tokens that make up this probability"});
  table.Add({.name = "seed",
             .target = IntegerTarget{&fields.seed, 0, std::numeric_limits<std::int64_t>::max()},
             .value_name = "N",
             .help = "the same seed draws the same tokens"});
}

}  // namespace

OptionTable TableOf(RunOptions& fields) {
  OptionTable table;
  AddModelOptions(fields.model, table);
  Option tp = DegreeOption("tp", fields.tp, "ranks that share each layer");
  tp.default_note = "all ranks / pp";
  table.Add(std::move(tp));
  table.Add(DegreeOption("pp", fields.pp, "stages that share the layers"));
  table.Add(CommOption(fields.comm));
  AddPromptOptions(fields.prompt, table, "none");
  table.Add({.name = "chat",
             .target = SwitchTarget{&fields.chat},
             .value_name = "",
             .help = "the prompt is what a user says, in the model's chat format"});
  table.Add({.name = "system",
             .target = OptionalTextTarget{&fields.system},
             .value_name = "TEXT",
             .help = "what the model is told first, with --chat",
             .default_note = "the model's own"});
  table.Add({.name = "max-tokens",
             .target = IntegerTarget{&fields.max_tokens, 1, kMaxTokens},
             .value_name = "N",
             .help = "tokens to generate at most"});
  AddSamplingOptions(fields, table);
  table.Add(
      JsonOption(fields.json, "print one JSON object at the end instead of text as it comes"));
  table.Add({.name = "trace",
             .target = TextTarget{&fields.trace},
             .value_name = "FILE",
             .help = "write every task with its times, for Perfetto or chrome://tracing",
             .default_note = "none"});
  AddConfigOptions(fields.config, fields.print_config, table);
  return table;
}

OptionTable TableOf(VerifyOptions& fields) {
  OptionTable table;
  AddModelOptions(fields.model, table);
  table.Add({.name = "tp",
             .target = IntegerListTarget{&fields.tp, 2, kMaxDegree},
             .value_name = "N,..",
             .help = "tensor-parallel degrees to compare",
             .default_note = "none"});
  table.Add({.name = "pp",
             .target = IntegerListTarget{&fields.pp, 2, kMaxDegree},
             .value_name = "N,..",
             .help = "numbers of pipeline stages to compare, alone and with each tp",
             .default_note = "none"});
  table.Add(CommOption(fields.comm));
  AddPromptOptions(fields.prompt, table, "a sentence of its own");
  table.Add({.name = "max-tokens",
             .target = IntegerTarget{&fields.max_tokens, 1, kMaxTokens},
             .value_name = "N",
             .help = "greedy tokens to compare after the prompt"});
  table.Add({.name = "tolerance",
             .target = RealTarget{&fields.tolerance, 0, 1},
             .value_name = "X",
             .help = "logits count as equal up to this max|a-b| / max|b|"});
  table.Add(JsonOption(fields.json, "print one JSON object instead of a table"));
  AddConfigOptions(fields.config, fields.print_config, table);
  return table;
}

OptionTable TableOf(InspectOptions& fields) {
  OptionTable table;
  table.Add(DegreeOption("tp", fields.tp, "ranks that share each layer"));
  table.Add(DegreeOption("pp", fields.pp, "stages that share the layers"));
  table.Add({.name = "dtype",
             .target = TextTarget{&fields.dtype, {"auto", "f32"}},
             .value_name = "TYPE",
             .help = "how weights lie in memory: auto keeps the file's own types"});
  table.Add(JsonOption(fields.json, "print one JSON object instead of tables"));
  return table;
}

OptionTable TableOf(LaunchOptions& fields) {
  OptionTable table;
  table.Add({.name = "ranks",
             .target = IntegerTarget{&fields.ranks, 1, kMaxDegree * kMaxDegree},
             .value_name = "N",
             .help = "ranks to start",
             .default_note = "none",
             .letter = 'n'});
  table.Add({.name = "hosts",
             .target = TextTarget{&fields.hosts},
             .value_name = "FILE",
             .help = "hosts to start them on, one a line: NAME, NAME:SLOTS or NAME slots=N",
             .default_note = "this one"});
  table.Add({.name = "dry-run",
             .target = SwitchTarget{&fields.dry_run},
             .value_name = "",
             .help = "print the mpirun line on standard output, start nothing"});
  table.Add({.name = "verbose",
             .target = SwitchTarget{&fields.verbose},
             .value_name = "",
             .help = "let mpirun speak, and say more about itself"});
  return table;
}

}  // namespace braid
