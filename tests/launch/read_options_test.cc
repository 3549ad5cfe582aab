#include "launch/read_options.h"

#include "launch/config_file.h"
#include "launch/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace braid {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<std::string> NoEnvironment(const std::string&) { return std::nullopt; }

class ReadOptionsTest : public testing::Test {
 protected:
  Result<CommandLine> Read(const std::vector<std::string>& arguments,
                           const Environment& environment = NoEnvironment) {
    return ReadOptions({.name = "run", .summary = "Runs."}, table_, arguments, environment);
  }
  std::string MessageOf(const std::vector<std::string>& arguments) {
    const Result<CommandLine> line = Read(arguments);
    return line.ok() ? "" : line.error().message();
  }
  std::string WriteConfig(const std::string& text) {
    path_ = testing::TempDir() + "read_options_test_" + std::to_string(getpid()) + ".yaml";
    std::ofstream(path_) << text;
    return path_;
  }
  ~ReadOptionsTest() override {
    if (!path_.empty()) std::remove(path_.c_str());
  }

  RunOptions options_;
  OptionTable table_ = TableOf(options_);
  std::string path_;
};

TEST_F(ReadOptionsTest, TakesAnEmptyValueForItselfAndNotTheNextArgument) {
  ASSERT_TRUE(Read({"--prompt=", "--max-tokens", "3"}).ok());
  EXPECT_EQ(options_.max_tokens, 3);
  ASSERT_TRUE(Read({"--prompt=a=", "--max-tokens", "4"}).ok());
  EXPECT_EQ(options_.max_tokens, 4);
}

TEST_F(ReadOptionsTest, LetsFlagsWinOverTheFileAndTheFileOverTheEnvironment) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "BRAID_MODEL" ? std::optional<std::string>("env.gguf") : std::nullopt;
  };
  ASSERT_TRUE(Read({}, environment).ok());
  EXPECT_EQ(options_.model.model, "env.gguf");
  EXPECT_EQ(DescribeOrigin(table_.Find("model")->origin), "env BRAID_MODEL");

  const std::string config = WriteConfig("model: file.gguf\ntp: 2\npp: 3\n");
  ASSERT_TRUE(Read({"--config", config, "--tp", "4"}, environment).ok());
  EXPECT_EQ(options_.model.model, "file.gguf");
  EXPECT_EQ(options_.tp, 4);
  EXPECT_EQ(options_.pp, 3);
  EXPECT_EQ(DescribeOrigin(table_.Find("pp")->origin), config + ":3");
  EXPECT_EQ(DescribeOrigin(table_.Find("tp")->origin), "flag --tp");
}

TEST_F(ReadOptionsTest, TakesTheLastOfRepeatedFlags) {
  ASSERT_TRUE(Read({"--tp", "2", "--tp", "4"}).ok());
  EXPECT_EQ(options_.tp, 4);
}

TEST_F(ReadOptionsTest, TakesAnyTextAsAPrompt) {
  for (const char* text : {"", "--help me", "-", "[a,b]", "{}", "\"quoted\"", "a=b", "%s",
                           "two\nlines", "--tp", "'", "\xF0\x9F\x90\x9F"}) {
    ASSERT_TRUE(Read({"--prompt", text}).ok()) << text;
    EXPECT_EQ(options_.prompt.prompt, text);
  }
  ASSERT_TRUE(Read({"--prompt=a=b"}).ok());
  EXPECT_EQ(options_.prompt.prompt, "a=b");
}

TEST_F(ReadOptionsTest, NamesAnUnknownFlagAndTheNearestKnownOne) {
  EXPECT_EQ(MessageOf({"--modle", "x"}),
            "unknown flag --modle (did you mean '--model'?); see braid run --help");
  EXPECT_EQ(MessageOf({"--max-token=3"}),
            "unknown flag --max-token (did you mean '--max-tokens'?); see braid run --help");
  EXPECT_EQ(MessageOf({"--qqqqqqqq"}), "unknown flag --qqqqqqqq; see braid run --help");
  EXPECT_THAT(MessageOf({"-tp", "2"}), HasSubstr("unknown flag -tp (did you mean '--tp'?)"));
}

TEST_F(ReadOptionsTest, RefusesAStrayArgument) {
  EXPECT_THAT(MessageOf({"model.gguf"}), HasSubstr("unexpected argument 'model.gguf'"));
}

TEST_F(ReadOptionsTest, NamesTheFlagWhoseValueIsMissingOrWrong) {
  EXPECT_THAT(MessageOf({"--tp"}), HasSubstr("--tp"));
  EXPECT_EQ(MessageOf({"--tp", "0"}), "--tp must be an integer from 1 to 1024, not '0'");
  EXPECT_EQ(MessageOf({"--comm", "tcp"}), "--comm must be inproc or mpi, not 'tcp'");
  EXPECT_THAT(MessageOf({"--temperature", "-1"}), HasSubstr("--temperature must be"));
}

TEST_F(ReadOptionsTest, OffersHelpWithEveryOptionItsRangeAndItsDefault) {
  const Result<CommandLine> line = Read({"--tp", "2", "--help"});
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(line->wants_help);
  for (const Option& option : table_.options()) {
    EXPECT_THAT(line->help, HasSubstr("--" + option.name));
  }
  EXPECT_THAT(line->help, HasSubstr("Usage: braid run"));
  EXPECT_THAT(line->help, HasSubstr("BRAID_MODEL"));
}

TEST_F(ReadOptionsTest, PrintsAConfigurationThatReadsBackTheSame) {
  const std::string prompt = "Say: \"[x]\"\n\ttwice # \\ \xC3\xA9\xF0\x9F\x90\x9F";
  ASSERT_TRUE(Read({"--prompt", prompt, "--tp", "2", "--temperature", "0.25", "--chat"}).ok());
  const std::string text = PrintConfig(table_);
  EXPECT_THAT(text, HasSubstr("tp: 2"));
  EXPECT_THAT(text, HasSubstr("# flag --tp"));
  EXPECT_THAT(text, HasSubstr("# default"));

  RunOptions again;
  OptionTable table = TableOf(again);
  const Status status = ApplyConfigText(text, "printed.yaml", table);
  ASSERT_TRUE(status.ok()) << status.message() << "\n" << text;
  EXPECT_EQ(again.prompt.prompt, prompt);
  EXPECT_EQ(again.tp, 2);
  EXPECT_EQ(again.temperature, 0.25);
  EXPECT_TRUE(again.chat);
}

TEST(CommandLineWithAPositional, WantsExactlyOne) {
  const CommandSyntax syntax{.name = "inspect",
                             .summary = "Describes.",
                             .positional = "PATH",
                             .positional_help = "a model"};
  InspectOptions options;
  const OptionTable table = TableOf(options);
  const auto parse = [&](const std::vector<std::string>& arguments) {
    return ParseCommandLine(syntax, table, arguments);
  };
  EXPECT_EQ(parse({"a.gguf", "--tp", "2"})->positional, "a.gguf");
  EXPECT_EQ(parse({"--json", "a.gguf"})->positional, "a.gguf");
  EXPECT_THAT(parse({}).error().message(), HasSubstr("PATH is missing"));
  EXPECT_THAT(parse({"a", "b"}).error().message(), HasSubstr("unexpected argument 'b'"));
}

}  // namespace
}  // namespace braid
