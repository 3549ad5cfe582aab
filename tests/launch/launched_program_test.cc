// The program under mpirun, started by its own launch: one message for the whole job, and exit
// codes that survive.
#include "tests/launch/run_braid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

namespace braid {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Within which all ranks of a job that failed must be gone.
constexpr double kGoneSeconds = 5;

/// Standard error without the first line, launch's mpirun line.
std::string Messages(const BraidOutcome& outcome) {
  EXPECT_THAT(outcome.err, HasSubstr("mpirun"));
  return outcome.err.substr(std::min(outcome.err.find('\n') + 1, outcome.err.size()));
}

BraidOutcome Launch(int ranks, const std::vector<std::string>& command) {
  std::vector<std::string> arguments = {"launch", "-n", std::to_string(ranks), "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  return RunBraid(arguments);
}

void ExpectOneMessage(const BraidOutcome& outcome, const std::string& words) {
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  const std::string messages = Messages(outcome);
  EXPECT_THAT(messages, AllOf(StartsWith("braid: error: "), HasSubstr(words)));
  EXPECT_EQ(std::count(messages.begin(), messages.end(), '\n'), 1) << messages;
  EXPECT_LT(outcome.seconds, kGoneSeconds);
}

TEST(LaunchedRun, SaysWhatRanksAsThreadsSay) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const std::vector<std::string> run = {"run",  "--model", model,          "--prompt", "a story",
                                        "--pp", "2",       "--max-tokens", "12"};
  const BraidOutcome expected = RunBraid(run);
  const BraidOutcome launched = Launch(4, run);
  EXPECT_EQ(launched.exit_code, 0) << launched.err;
  EXPECT_EQ(launched.out, expected.out);
  EXPECT_THAT(launched.err, AllOf(HasSubstr("prefill"), HasSubstr("   3  ")));
}

TEST(LaunchedRun, TakesItsSplitFromTheNumberOfRanks) {
  const BraidOutcome outcome = Launch(2, {"run", "--print-config"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("tp: 2"), HasSubstr("default: 2 ranks were started"),
                                 HasSubstr("comm: \"mpi\"")));
  EXPECT_EQ(outcome.out.find("tp: 2"), outcome.out.rfind("tp: 2")) << "more than one rank printed";
}

TEST(LaunchedRun, ReadsThePromptFromStandardInput) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const BraidOutcome outcome =
      RunBraid({.arguments = {"launch", "-n", "2", "--", "run", "--model", model, "--prompt-file",
                              "-", "--max-tokens", "4"},
                .input = "a story"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(IsEmpty()));
}

TEST(LaunchedRun, GivesOneMessageForTheWholeJobAndKeepsItsExitCode) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  ExpectOneMessage(Launch(2, {"run", "--bogus"}), "unknown flag --bogus");
  ExpectOneMessage(Launch(2, {"run", "--model", folder.path("none.gguf"), "--prompt", "x"}),
                   "none.gguf");
  ExpectOneMessage(Launch(3, {"run", "--model", model, "--tp", "2", "--prompt", "x"}),
                   "needs 2 ranks, but 3 were started");
  ExpectOneMessage(Launch(5, {"run", "--model", model, "--prompt", "x"}), "tp 5");
  ExpectOneMessage(Launch(2, {"run", "--model", model, "--comm", "inproc", "--prompt", "x"}),
                   "each of the 2 processes");
}

TEST(LaunchedRun, RefusesAPromptLongerThanTheContext) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const std::string prompt = folder.Write("prompt.txt", std::string(5000, 'x'));
  ExpectOneMessage(Launch(2, {"run", "--model", model, "--prompt-file", prompt}),
                   "the context holds 256");
}

TEST(LaunchedRun, RefusesATruncatedModel) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  std::filesystem::resize_file(model, std::filesystem::file_size(model) / 2);
  ExpectOneMessage(Launch(2, {"run", "--model", model, "--prompt", "x"}), "truncated");
}

TEST(LaunchedRun, EndsAtCtrlCWithItsExitCode) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf", 1'000'000);
  const BraidOutcome outcome =
      RunBraid({.arguments = {"launch", "-n", "2", "--", "run", "--model", model, "--prompt",
                              "hello", "--max-tokens", "900000"},
                .signal_when_it_speaks = SIGINT});
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_EQ(Messages(outcome), "braid: interrupted\n");
  EXPECT_LT(outcome.seconds, 15);
}

TEST(LaunchedVerify, ComparesEachSplitInAJobOfItsOwn) {
  const TestFolder folder;
  const std::string model = folder.WriteModel("model.gguf");
  const BraidOutcome outcome = RunBraid({"verify", "--model", model, "--comm", "mpi", "--tp", "2",
                                         "--pp", "2", "--prompt", "a story", "--max-tokens", "4"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("all equal: 3 splits"));
}

TEST(Launch, PrintsTheLineItWouldRun) {
  const BraidOutcome outcome =
      RunBraid({"launch", "-n", "2", "--dry-run", "--", "run", "--tp", "2"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("mpirun --quiet -n 2"), HasSubstr("run --tp 2\n")));
}

}  // namespace
}  // namespace braid
