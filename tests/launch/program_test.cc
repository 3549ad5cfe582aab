// The program from outside, its ranks as threads: what a person sees on standard output, standard
// error and as exit code.
#include "tests/launch/run_braid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace braid {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::ptrdiff_t Lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

/// One line "braid: error: ..." on standard error, nothing on standard output, exit code 2.
void ExpectBadInput(const BraidOutcome& outcome, const std::string& words) {
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(StartsWith("braid: error: "), HasSubstr(words)));
  EXPECT_EQ(Lines(outcome.err), 1) << outcome.err;
}

TEST(Program, ShowsItsCommandsAndVersion) {
  const BraidOutcome help = RunBraid({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command :
       {"run", "launch", "simulate", "plan", "explain", "verify", "inspect", "doctor"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command + " "));
    const BraidOutcome own = RunBraid({command, "--help"});
    EXPECT_EQ(own.exit_code, 0);
    EXPECT_THAT(own.out, HasSubstr(std::string("Usage: braid ") + command));
    EXPECT_THAT(own.err, IsEmpty());
  }
  const BraidOutcome version = RunBraid({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("braid "));
}

TEST(Program, NamesTheNearestOfAnUnknownCommandOrFlag) {
  ExpectBadInput(RunBraid({"verfy"}), "unknown command 'verfy' (did you mean 'verify'?)");
  ExpectBadInput(RunBraid({"--bogus"}), "unknown flag '--bogus'");
  ExpectBadInput(RunBraid({"run", "--modle", "x"}), "did you mean '--model'?");
  EXPECT_EQ(RunBraid(std::vector<std::string>{}).exit_code, 2);
}

TEST(Run, PutsTextAndNothingElseOnStandardOutput) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const BraidOutcome outcome =
      RunBraid({"run", "--model", model, "--prompt", "hello", "--max-tokens", "8"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("prefill"), HasSubstr("decode"), HasSubstr("rank")));

  const BraidOutcome as_json =
      RunBraid({"run", "--model", model, "--prompt", "hello", "--max-tokens", "8", "--json"});
  EXPECT_EQ(as_json.exit_code, 0);
  EXPECT_THAT(as_json.err, IsEmpty());
  const auto json = nlohmann::json::parse(as_json.out);
  EXPECT_EQ(json["text"].get<std::string>() + "\n", outcome.out);
  EXPECT_EQ(json["ranks"].size(), 1U);
  EXPECT_EQ(json["config"]["max-tokens"]["origin"], "flag --max-tokens");
  EXPECT_GT(json["timings"]["load_seconds"], 0);
}

TEST(Run, SaysTheSameHoweverItIsSplitAndWhereverThePromptComesFrom) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const std::string prompt = folder.Write("prompt.txt", "a story");
  const std::vector<std::string> base = {"run", "--max-tokens", "12"};
  const auto run = [&](std::vector<std::string> more, const std::string& input = "") {
    more.insert(more.begin(), base.begin(), base.end());
    const BraidOutcome outcome =
        RunBraid({.arguments = more, .environment = {"BRAID_MODEL=" + model}, .input = input});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  };
  const std::string expected = run({"--prompt", "a story"});
  EXPECT_GT(expected.size(), 1U);
  EXPECT_EQ(run({"--prompt-file", prompt}), expected);
  EXPECT_EQ(run({"--prompt-file", "-"}, "a story"), expected);
  EXPECT_EQ(run({"--prompt", "a story", "--tp", "2"}), expected);
  EXPECT_EQ(run({"--prompt", "a story", "--tp", "2", "--pp", "2", "--chunk", "1"}), expected);
  EXPECT_EQ(run({"--prompt", "a story", "--numerics", "exact", "--dtype", "f32"}), expected);
}

TEST(Run, DrawsTheSameTokensFromTheSameSeed) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const auto run = [&](const char* seed) {
    return RunBraid({"run", "--model", model, "--prompt", "a", "--max-tokens", "40",
                     "--temperature", "1", "--seed", seed})
        .out;
  };
  EXPECT_EQ(run("7"), run("7"));
  EXPECT_NE(run("7"), run("8"));
}

TEST(Run, RefusesBadInputWithOneMessage) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  ExpectBadInput(RunBraid({"run", "--prompt", "x"}), "no model");
  ExpectBadInput(RunBraid({"run", "--model", model}), "no prompt");
  ExpectBadInput(RunBraid({"run", "--model", folder.path("none.gguf"), "--prompt", "x"}),
                 "none.gguf");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--tp", "5"}),
                 "cannot split 4 attention heads over tp 5");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--pp", "3"}),
                 "cannot split 2 layers over pp 3");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--ctx", "100000"}),
                 "context");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--chat"}), "chat");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--system", "y"}), "--chat");
  ExpectBadInput(RunBraid({"run", "--model", model, "--prompt", "x", "--comm", "mpi", "--tp", "2"}),
                 "braid launch -n 2");
  ExpectBadInput(
      RunBraid({"run", "--model", model, "--prompt", "x", "--trace", "/nowhere/trace.json"}),
      "cannot write");
}

TEST(Run, RefusesAPromptLongerThanTheContextAlsoWhereRanksAreMany) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const std::string prompt = folder.Write("prompt.txt", std::string(5000, 'x'));
  for (const char* tp : {"1", "3"}) {
    ExpectBadInput(RunBraid({"run", "--model", model, "--prompt-file", prompt, "--tp", tp}),
                   "the context holds 256");
  }
}

TEST(Run, RefusesATruncatedModelWhateverIsLeftOfIt) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const auto size = std::filesystem::file_size(model);
  for (const double part : {0.0, 0.0001, 0.01, 0.5, 0.999}) {
    const std::string cut = folder.path("cut.gguf");
    std::filesystem::copy_file(model, cut, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut,
                                 static_cast<std::uintmax_t>(static_cast<double>(size) * part));
    ExpectBadInput(RunBraid({"run", "--model", cut, "--prompt", "x", "--tp", "2"}), "cut.gguf");
  }
}

TEST(Run, NamesLineAndColumnOfAnUnknownKey) {
  const TestFolder folder;
  const std::string config = folder.Write("run.yaml", "tp: 2\n  \nmax-token: 5\n");
  ExpectBadInput(RunBraid({"run", "--config", config, "--prompt", "x"}),
                 config + ":3:1: unknown key 'max-token' (did you mean 'max-tokens'?)");
}

TEST(Run, PrintsEveryValueAndWhereItCameFrom) {
  const TestFolder folder;
  const std::string config = folder.Write("run.yaml", "pp: 2\nseed: 5\n");
  const BraidOutcome outcome =
      RunBraid({.arguments = {"run", "--config", config, "--seed", "6", "--print-config"},
                .environment = {"BRAID_MODEL=model.gguf"}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto line_of = [&](const std::string& key) {
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(key + ":") || line.starts_with("# " + key + ":")) return line;
    }
    return std::string();
  };
  EXPECT_THAT(line_of("model"), AllOf(HasSubstr("model.gguf"), HasSubstr("# env BRAID_MODEL")));
  EXPECT_THAT(line_of("pp"), AllOf(HasSubstr("pp: 2"), HasSubstr("# " + config + ":1")));
  EXPECT_THAT(line_of("seed"), AllOf(HasSubstr("seed: 6"), HasSubstr("# flag --seed")));
  EXPECT_THAT(line_of("top-p"), AllOf(HasSubstr("top-p: 1"), HasSubstr("# default")));
  EXPECT_THAT(line_of("comm"), HasSubstr("inproc"));
  EXPECT_THAT(line_of("ctx"), HasSubstr("the model's own"));
  // What it prints can be run from.
  const std::string printed = folder.Write("printed.yaml", outcome.out);
  EXPECT_EQ(RunBraid({"run", "--config", printed, "--print-config"}).exit_code, 0);
}

TEST(Run, WritesATraceOfEveryTask) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const std::string trace = folder.path("trace.json");
  const BraidOutcome outcome = RunBraid({"run", "--model", model, "--prompt", "x", "--max-tokens",
                                         "2", "--tp", "2", "--trace", trace});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::ifstream file(trace);
  const auto json = nlohmann::json::parse(file);
  EXPECT_FALSE(json.empty());
}

TEST(Run, EndsAtCtrlCWithWhatItHasAndSaysSo) {
  const TestFolder folder;
  // Enough tokens that nobody waits for the last.
  const std::string model = folder.WriteModel("model.gguf", 1'000'000);
  const BraidOutcome outcome = RunBraid({.arguments = {"run", "--model", model, "--prompt", "hello",
                                                       "--max-tokens", "900000", "--tp", "2"},
                                         .signal_when_it_speaks = SIGINT});
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("braid: interrupted after"));
}

TEST(Verify, FindsEverySplitEqualToOneRank) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  for (const char* numerics : {"exact", "fast"}) {
    const BraidOutcome outcome =
        RunBraid({"verify", "--model", model, "--tp", "2,3", "--pp", "2", "--prompt",
                  "Once upon a time", "--max-tokens", "8", "--numerics", numerics});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("tp 3 x pp 2"));
    EXPECT_THAT(outcome.out, HasSubstr("all equal: 5 splits"));
  }
}

TEST(Verify, FailsWhereADifferenceIsNotAllowed) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  // Sums over ranks are added in another order than within one: no such split is equal to the bit.
  const BraidOutcome outcome =
      RunBraid({"verify", "--model", model, "--tp", "2", "--max-tokens", "8", "--tolerance", "0"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("1 of 1 splits differ"));
}

TEST(Verify, NamesASplitThatTheModelCannotDo) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  ExpectBadInput(RunBraid({"verify", "--model", model, "--tp", "2,5"}), "split tp 5");
  ExpectBadInput(RunBraid({"verify", "--model", model, "--pp", "3"}), "split pp 3");
  ExpectBadInput(RunBraid({"verify", "--model", model}), "nothing to compare");
  ExpectBadInput(RunBraid({"verify", "--model", model, "--tp", "2", "--max-tokens", "1000"}),
                 "do not fit into a context of 256");
}

TEST(Inspect, CountsWhatRanksHoldWithoutLosingAnything) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const auto inspect = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"inspect", model, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const BraidOutcome outcome = RunBraid(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  };
  const auto whole = inspect({});
  EXPECT_EQ(whole["architecture"], "llama");
  EXPECT_EQ(whole["num_layers"], 2);
  // Keys and values of 2 layers x 2 KV heads x 16 dimensions, 4 bytes each.
  EXPECT_EQ(whole["ranks"][0]["kv_bytes_per_token"], 2 * 2 * 2 * 16 * 4);
  const auto split = inspect({"--tp", "2", "--pp", "2"});
  ASSERT_EQ(split["ranks"].size(), 4U);
  std::uint64_t ffn = 0;
  for (const auto& rank : split["ranks"]) ffn += rank["weight_bytes"]["ffn"].get<std::uint64_t>();
  EXPECT_EQ(ffn, whole["ranks"][0]["weight_bytes"]["ffn"].get<std::uint64_t>());

  const BraidOutcome text = RunBraid({"inspect", model, "--tp", "2"});
  EXPECT_THAT(text.out, AllOf(HasSubstr("architecture  llama"), HasSubstr("bytes per rank, tp 2")));
}

TEST(Inspect, RefusesWhatIsNotAModel) {
  const TestFolder folder;
  ExpectBadInput(RunBraid({"inspect"}), "PATH is missing");
  ExpectBadInput(RunBraid({"inspect", folder.path("none")}), "none");
  ExpectBadInput(RunBraid({"inspect", folder.Write("text", "not a model at all, only text")}),
                 "text");
  ExpectBadInput(RunBraid({"inspect", folder.WriteModel("model.gguf"), "--tp", "5"}), "tp 5");
}

TEST(Doctor, TellsWhatIsThereAndWhyTheRestIsNot) {
  const BraidOutcome outcome = RunBraid({"doctor"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  for (const char* line : {"cores", "instruction sets", "memory", "/dev/shm", "mpirun",
                           "transport inproc  yes", "device cuda", "not built in"}) {
    EXPECT_THAT(outcome.out, HasSubstr(line));
  }
}

TEST(Launch, RefusesBadInputBeforeItStartsAnything) {
  const TestFolder folder;
  ExpectBadInput(RunBraid({"launch", "--", "run"}), "give -n N");
  ExpectBadInput(RunBraid({"launch", "-n", "0", "--", "run"}), "-n must be an integer from 1");
  ExpectBadInput(RunBraid({"launch", "-n", "2"}), "no command to launch");
  ExpectBadInput(RunBraid({"launch", "-n", "2", "run"}), "stands after --");
  ExpectBadInput(RunBraid({"launch", "-n", "2", "--", "launch", "-n", "2"}), "launch itself");
  const std::string hosts = folder.Write("hosts", "a:2\nb:0\n");
  ExpectBadInput(RunBraid({"launch", "-n", "2", "--hosts", hosts, "--", "run"}),
                 hosts + ":2: slots");
}

TEST(Launch, SaysWhatToDoWithoutMpirun) {
  const BraidOutcome outcome = RunBraid(
      {.arguments = {"launch", "-n", "2", "--", "run"}, .environment = {"PATH=/nonexistent"}});
  ExpectBadInput(outcome, "run --tp N runs its ranks as threads");
}

}  // namespace
}  // namespace braid
