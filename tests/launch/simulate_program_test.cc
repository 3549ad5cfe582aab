// braid simulate, plan and explain from outside.
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

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

BraidOutcome Simulate(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"simulate", "--requests", "40", "--rate", "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunBraid(arguments);
}

/// One message on standard error, nothing on standard output, exit code 2.
void ExpectRefused(const BraidOutcome& outcome, const std::string& words) {
  EXPECT_EQ(outcome.exit_code, 2) << words;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(StartsWith("braid: error: "), HasSubstr(words)));
}

TEST(Simulate, PutsPoliciesSideBySide) {
  const BraidOutcome outcome = Simulate({"--policy", "braid,replicas"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, StartsWith("lwm-7b on 8 x a800-80gb, tp 2: 4 instances; sharegpt, 2 "
                                      "requests/s, seed 0\n"));
  for (const char* row :
       {"TTFT P90", "TPOT P99", "per token mean", "length decile 10", "compute busy",
        "KV in use, peak", "scale-up events", "planner calls", "of them repeated, not planned"}) {
    EXPECT_THAT(outcome.out, HasSubstr(row));
  }
  const std::size_t names = outcome.out.find("braid  ");
  EXPECT_THAT(outcome.out.substr(names, outcome.out.find('\n', names) - names),
              HasSubstr("replicas"));
}

// Requests of equal length that never meet: whatever the cost model says of one is true of all.
TEST(Simulate, GivesEachOfRequestsThatNeverMeetTheSameTimes) {
  const BraidOutcome outcome =
      RunBraid({"simulate", "--policy", "replicas", "--arrivals", "static", "--prompt-tokens",
                "1000", "--output-tokens", "10", "--requests", "25", "--rate", "0.5", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out)["policies"][0];
  EXPECT_EQ(json["requests"]["finished"], 25);
  EXPECT_EQ(json["ttft_s"]["mean"], json["ttft_s"]["max"]);
  EXPECT_EQ(json["tpot_s"]["mean"], json["tpot_s"]["max"]);
  // One prefill and nine decode passes each.
  EXPECT_EQ(json["engine"]["passes"], 25 * 10);
  EXPECT_EQ(json["engine"]["steps"].get<int>() + json["engine"]["repeats"].get<int>(), 25 * 10);
  EXPECT_NEAR(json["offered_rate"].get<double>(), 25 / 48.0, 1e-9);  // of 24 gaps of 2 s
  EXPECT_EQ(json["interrupted"], false);
}

// The whole summary of a small run, to the byte, on every machine and from every compiler. After a
// change that is meant to change figures: braid simulate --config of the example, --json.
TEST(Simulate, SaysTheSameAsTheGoldenRun) {
  const BraidOutcome outcome =
      RunBraid({.arguments = {"simulate", "--config", "tests/launch/golden_run.yaml", "--json"},
                .folder = BRAID_SOURCE_DIR});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, ReadFile(BRAID_SOURCE_DIR "/tests/launch/golden_run.json"));
}

TEST(Simulate, WritesTheSameFilesAgain) {
  const TestFolder folder;
  for (const char* name : {"a", "b"}) {
    const BraidOutcome outcome =
        Simulate({"--policy", "braid,loongserve", "--out", folder.path(name)});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("braid: wrote " + folder.path(name)));
  }
  for (const char* file :
       {"summary.json", "config.yaml", "requests-braid.csv", "requests-loongserve.csv",
        "trace-braid.json", "trace-loongserve.json"}) {
    const std::string first = ReadFile(folder.path(std::string("a/") + file));
    EXPECT_GT(first.size(), 100U) << file;
    EXPECT_EQ(first, ReadFile(folder.path(std::string("b/") + file))) << file;
  }
  const auto wall = nlohmann::json::parse(ReadFile(folder.path("a/wall_clock.json")));
  EXPECT_GT(wall["policies"][1]["planner_call_p99_us"], 0);
  EXPECT_TRUE(nlohmann::json::accept(ReadFile(folder.path("a/trace-braid.json"))));
}

TEST(Simulate, RunsAgainFromTheSettingsItWrote) {
  const TestFolder folder;
  ASSERT_EQ(Simulate({"--workload", "mixed", "--no-packing", "--out", folder.path("a")}).exit_code,
            0);
  const BraidOutcome again =
      RunBraid({"simulate", "--config", folder.path("a/config.yaml"), "--out", folder.path("b")});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(ReadFile(folder.path("a/requests-braid.csv")),
            ReadFile(folder.path("b/requests-braid.csv")));
}

TEST(Simulate, PrintsAsJsonWhatItWrites) {
  const TestFolder folder;
  const BraidOutcome outcome = Simulate({"--json", "--out", folder.path("a")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, ReadFile(folder.path("a/summary.json")));
}

TEST(Simulate, FindsTheRateThatMeetsTheLimits) {
  const BraidOutcome outcome =
      RunBraid({"simulate", "--find-goodput", "--precision", "0.5", "--requests", "60", "--policy",
                "replicas", "--workload", "l-eval", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out)["policies"][0];
  const double raw = json["goodput_rate"];
  const double by_decile = json["decile_goodput_rate"];
  EXPECT_GT(by_decile, 0);
  EXPECT_LE(by_decile, raw);
  EXPECT_GE(json["rates_tried"].size(), 4U);
  // The figures are those of the lower rate, which meets the rule.
  EXPECT_EQ(json["is_decile_goodput"], true);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("replicas, goodput: "), HasSubstr("decile rule: ")));
}

TEST(Simulate, EndsAtCtrlCWithTheFilesOfWhatItHas) {
  const TestFolder folder;
  const std::string csv = folder.path("out/requests-replicas.csv");
  const BraidOutcome outcome = RunBraid(
      {.arguments = {"simulate", "--policy", "replicas,static-tp", "--requests", "100000000",
                     "--arrivals", "poisson", "--rate", "5", "--out", folder.path("out")},
       .signal_when_it_speaks = SIGINT,
       .speaks_in = csv});
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("braid: interrupted in policy replicas (1 of 2) after "));
  EXPECT_THAT(outcome.out, HasSubstr("replicas (interrupted)"));
  const auto json = nlohmann::json::parse(ReadFile(folder.path("out/summary.json")))["policies"];
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["interrupted"], true);
  EXPECT_TRUE(nlohmann::json::accept(ReadFile(folder.path("out/trace-replicas.json"))));
  const std::string lines = ReadFile(csv);
  EXPECT_EQ(lines.back(), '\n');
  // A header, and a line for every request that arrived.
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'),
            json[0]["requests"]["arrived"].get<int>() + 1);
}

TEST(Simulate, RefusesOptionsThatContradictEachOther) {
  ExpectRefused(RunBraid({"simulate", "--rate", "1", "--find-goodput"}),
                "--find-goodput and --rate contradict each other");
  ExpectRefused(RunBraid({"simulate", "--rate", "1", "--rate-scale", "2"}),
                "--rate and --rate-scale contradict each other");
  ExpectRefused(RunBraid({"simulate", "--cluster", "a800-80gb:8:tp3"}),
                "tp is 3, but must divide the 8 devices");
  ExpectRefused(RunBraid({"simulate", "--prompt-tokens", "5"}), "without --output-tokens");
  ExpectRefused(
      RunBraid({"simulate", "--workload", "mixed", "--prompt-tokens", "5", "--output-tokens", "5"}),
      "'mixed' has lengths of its own");
  ExpectRefused(RunBraid({"simulate", "--slo", "ttft=1,ttft-factor=3"}), "one limit for all");
  ExpectRefused(RunBraid({"simulate", "--cv", "2"}), "add --arrivals gamma");
}

TEST(Simulate, NamesThePlaceInAFileOfWhatContradicts) {
  const TestFolder folder;
  const std::string file =
      folder.Write("s.yaml", "cluster:\n  tp: 3\nworkload:\n  rate: 2\n  offset: 5\n");
  const BraidOutcome outcome = RunBraid({"simulate", "--config", file, "--find-goodput"});
  ExpectRefused(outcome, file + ":4: --find-goodput and workload.rate contradict each other");
  EXPECT_THAT(outcome.err, HasSubstr(file + ":5: workload.offset has a meaning only for traces"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":2: tp is 3, but must divide"));
}

TEST(Simulate, RefusesWhatNoClusterOfThisKindCanDo) {
  ExpectRefused(Simulate({"--model", "llama-3-70b", "--tp", "1"}), "does not fit");
  ExpectRefused(Simulate({"--kv-slots", "10"}), "more than the 40 KV slots of all 4 instances");
  ExpectRefused(Simulate({"--slo", "tpot=0.001"}), "slo.tpot is 1.0 ms, but one request alone");
  ExpectRefused(Simulate({"--slo", "ttft=0.001"}), "miss slo.ttft even alone");
  const BraidOutcome some = Simulate({"--workload", "mixed", "--slo", "ttft=0.3"});
  EXPECT_EQ(some.exit_code, 0);
  EXPECT_THAT(some.err, AllOf(StartsWith("braid: warning: "), HasSubstr("miss slo.ttft")));
}

TEST(Simulate, TellsNamesTracesAndFilesApart) {
  const TestFolder folder;
  ExpectRefused(Simulate({"--workload", "zipf-1.3"}), "(did you mean 'zipf-1.0'?)");
  ExpectRefused(Simulate({"--model", "lvm-7b"}), "(did you mean 'lwm-7b'?)");
  ExpectRefused(Simulate({"--cluster", "a100"}), "no built-in profile 'a100'");
  ExpectRefused(Simulate({"--workload", folder.Write("text", "words\n")}), "of no known trace");
  const std::string bad = folder.Write(
      "bad.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,10,5\nx,1,1\n");
  ExpectRefused(RunBraid({"simulate", "--workload", bad}), bad + ":3");
  const std::string trace =
      folder.Write("t.csv",
                   "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,10,5\n"
                   "2023-11-16 18:15:47.68,900,7\n");
  const BraidOutcome outcome = RunBraid({"simulate", "--workload", trace, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["policies"][0]["requests"]["finished"], 2);
}

TEST(Simulate, SaysWhatIsWrongWithAList) {
  EXPECT_EQ(Simulate({"--policy", "replicas, static-tp "}).exit_code, 0);
  ExpectRefused(Simulate({"--policy", "brade"}), "there is no 'brade' (did you mean 'braid'?)");
  ExpectRefused(Simulate({"--policy", "braid,braid"}), "'braid' stands there twice");
  ExpectRefused(Simulate({"--slo", "tpto=1"}), "keys are ttft, ttft-factor");
  ExpectRefused(Simulate({"--slo", "tpot"}), "'tpot' has no value");
  ExpectRefused(Simulate({"--slo", "tpot=1,tpot=2"}), "'tpot' stands there twice");
  ExpectRefused(Simulate({"--prompt-tokens", "uniform:5:3"}), "MIN is above MAX");
  ExpectRefused(Simulate({"--prompt-tokens", "zipf:-1:3:5"}), "ALPHA may be 0 to 20");
}

TEST(Simulate, TakesNoValueForASwitchAndWantsOneElsewhere) {
  ExpectRefused(Simulate({"--json=false"}), "--json takes no value: leave out '=false'");
  ExpectRefused(Simulate({"--no-strands=1"}), "--no-strands takes no value");
  ExpectRefused(Simulate({"--seed"}), "--seed needs a value: --seed N");
}

TEST(Simulate, RefusesMoreInstancesThanAPolicyPlansFor) {
  for (const char* policy : {"braid", "loongserve"}) {
    ExpectRefused(Simulate({"--cluster", "a800-80gb:64:tp1:nodes8", "--policy", policy}),
                  "plans for at most 255 instances, but the cluster has 512");
  }
}

TEST(Simulate, LearnsWhereTheMachinesAreNotWhatThePlannerBelieves) {
  const std::vector<std::string> run = {"--cluster", "a100-80gb:8:tp2", "--actual-profile",
                                        "a800-80gb", "--json"};
  const auto prediction = [](const BraidOutcome& outcome) {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["policies"][0]["prediction"];
  };
  const auto learned = prediction(Simulate(run));
  std::vector<std::string> stubborn_run = run;
  stubborn_run.emplace_back("--no-observe");
  const auto stubborn = prediction(Simulate(stubborn_run));
  EXPECT_GT(learned["steps"], 100);
  EXPECT_LT(learned["mean_error"], stubborn["mean_error"]);
  EXPECT_THAT(Simulate({"--actual-profile", "h100-80gb"}).out,
              AllOf(HasSubstr("8 x h100-80gb that the planner takes for a800-80gb"),
                    HasSubstr("prediction error, mean")));
  EXPECT_THAT(Simulate({}).out, Not(HasSubstr("prediction error")));
}

TEST(Simulate, RefusesAnActualProfileThatIsNone) {
  const TestFolder folder;
  ExpectRefused(Simulate({"--actual-profile", "h100"}), "no built-in profile 'h100'");
  ExpectRefused(Simulate({"--actual-profile", "none.yaml"}), "none.yaml: No such file");
  ExpectRefused(Simulate({"--no-observe"}),
                "--no-observe has a meaning only with --actual-profile");
  const std::string file = folder.Write("c.yaml", "cluster:\n  actual-profile: h100\n");
  ExpectRefused(RunBraid({"simulate", "--config", file}), file + ":2");
  const std::string wrong = folder.Write("d.yaml", "cluster:\n  actual-profle: h100-80gb\n");
  ExpectRefused(RunBraid({"simulate", "--config", wrong}),
                wrong + ":2:3: unknown key 'actual-profle'");
}

TEST(Simulate, TakesTheShapeOfAModelFile) {
  const TestFolder folder;
  const BraidOutcome outcome = Simulate({"--model", folder.WriteModel("model.gguf"), "--tp", "2",
                                         "--requests", "5", "--kv-slots", "9000"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(Plan, PrintsStepsThatPassTheCheckAlsoFromAFile) {
  const TestFolder folder;
  for (const char* policy : {"braid", "loongserve", "static-tp", "disaggregated"}) {
    for (const char* name : {"steps.plan", "steps.txt"}) {
      const BraidOutcome outcome =
          RunBraid({"plan", "--policy", policy, "--workload", "mixed", "--rate", "0.3", "--at",
                    "20", "--steps", "6", "--out", folder.path(name)});
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      EXPECT_THAT(outcome.out,
                  AllOf(HasSubstr("# step "), HasSubstr("# checked: "), HasSubstr("\nsteps {\n")));
      const BraidOutcome checked =
          RunBraid({"plan", "--policy", policy, "--check", folder.path(name)});
      EXPECT_EQ(checked.exit_code, 0) << checked.err;
      EXPECT_THAT(checked.out, HasSubstr("6 steps checked"));
    }
  }
}

TEST(Plan, SaysBeforeItPlansThatAFileCannotBeWritten) {
  const TestFolder folder;
  ExpectRefused(RunBraid({"plan", "--out", folder.path("no/steps.plan")}), "make it first");
  ExpectRefused(RunBraid({"plan", "--out", folder.path("")}), "is a folder; name a file");
}

TEST(Plan, PrintsAStepThatFollowsTheTimeAskedFor) {
  const BraidOutcome outcome = RunBraid({"plan", "--prompt-tokens", "500", "--output-tokens", "3",
                                         "--arrivals", "static", "--rate", "1", "--at", "7"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("at 7 s: a pass of 500 rows on instance"));
  EXPECT_THAT(outcome.out, HasSubstr("request 7: positions 0 .. 499"));
  ExpectRefused(RunBraid({"plan", "--requests", "3", "--at", "1000"}),
                "no step is planned from 1000 s on");
}

TEST(Plan, RefusesAPlanThatBreaksARule) {
  const TestFolder folder;
  const std::string plan = folder.path("steps.txt");
  ASSERT_EQ(RunBraid({"plan", "--out", plan}).exit_code, 0);
  std::string text = ReadFile(plan);
  const std::string wrong = folder.Write(
      "wrong.txt", std::string(text).replace(text.find("instances: [0]"), 14, "instances: [9]"));
  ExpectRefused(RunBraid({"plan", "--check", wrong}), wrong + ": step 1: ");
  ExpectRefused(RunBraid({"plan", "--check", folder.Write("no.txt", "steps { nummer: 1 }\n")}),
                "line 1, column 15");
  ExpectRefused(RunBraid({"plan", "--check", folder.Write("empty", "")}), "no steps");
  ExpectRefused(RunBraid({"plan", "--check", folder.path("none")}), "none");
  ExpectRefused(RunBraid({"plan", "--check", plan, "--at", "3"}), "contradict");
  ExpectRefused(RunBraid({"plan", "--policy", "braid,liger"}), "names 2 policies");
}

TEST(Explain, SaysWhyAndWhatTheRunnersUpCost) {
  const BraidOutcome outcome =
      RunBraid({"explain", "--workload", "mixed", "--rate", "0.3", "--at", "20", "--steps", "3"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nat "), HasSubstr("  why: "), HasSubstr("  chosen")));
}

TEST(Explain, SaysWhereThereAreNoReasons) {
  ExpectRefused(RunBraid({"explain", "--policy", "replicas", "--requests", "10"}),
                "the policy replicas gave no reasons");
  ExpectRefused(RunBraid({"explain", "--requests", "10", "--request", "10"}),
                "request 10 is not there");
  ExpectRefused(RunBraid({"explain", "--requests", "10", "--at", "5000"}),
                "choose an earlier --at");
}

/// Commands in fenced or indented blocks of a document, without the path of the program; those that
/// run without a model. Lines that end in a backslash go on.
std::vector<std::vector<std::string>> CommandsIn(const std::string& path) {
  std::vector<std::vector<std::string>> commands;
  std::istringstream lines(ReadFile(path));
  std::string line;
  while (std::getline(lines, line)) {
    while (line.ends_with("\\")) {
      std::string more;
      line.pop_back();
      if (!std::getline(lines, more)) break;
      line += more;
    }
    std::istringstream words(line.substr(0, line.find(" # ")));
    std::vector<std::string> command;
    for (std::string word; words >> word;) command.push_back(word);
    if (!command.empty() && command[0] == "#") command.erase(command.begin());
    if (command.size() < 2 || !(command[0] == "braid" || command[0].ends_with("/bin/braid"))) {
      continue;
    }
    command.erase(command.begin());
    if (command[0] == "simulate" || command[0] == "plan" || command[0] == "explain") {
      commands.push_back(command);
    }
  }
  return commands;
}

TEST(Documents, HaveOnlyCommandsThatRun) {
  const TestFolder folder;
  std::vector<std::string> documents = {BRAID_SOURCE_DIR "/README.md",
                                        BRAID_SOURCE_DIR "/docs/simulate.md"};
  for (const auto& entry :
       std::filesystem::directory_iterator(BRAID_SOURCE_DIR "/examples/simulate")) {
    if (entry.path().extension() == ".yaml") documents.push_back(entry.path());
  }
  std::sort(documents.begin(), documents.end());
  for (const std::string& document : documents) {
    const auto commands = CommandsIn(document);
    EXPECT_FALSE(commands.empty()) << document;
    for (std::vector<std::string> command : commands) {
      // What they write goes to the test's own folder.
      for (std::string& word : command) {
        if (word.starts_with("results")) word = folder.path(word);
      }
      const BraidOutcome outcome = RunBraid({.arguments = command, .folder = BRAID_SOURCE_DIR});
      EXPECT_EQ(outcome.exit_code, 0) << document << ": " << testing::PrintToString(command) << '\n'
                                      << outcome.err;
    }
  }
}

}  // namespace
}  // namespace braid
