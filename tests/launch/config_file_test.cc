#include "launch/config_file.h"

#include "launch/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ConfigFile : public testing::Test {
 protected:
  Status Apply(std::string_view text) { return ApplyConfigText(text, "run.yaml", table_); }

  RunOptions options_;
  OptionTable table_ = TableOf(options_);
};

TEST_F(ConfigFile, SetsOptionsAndRemembersTheLine) {
  ASSERT_TRUE(Apply("# two ranks\ntp: 2\nprompt: Once upon a time\ntemperature: 0.5\n"
                    "chat: true\n")
                  .ok());
  EXPECT_EQ(options_.tp, 2);
  EXPECT_EQ(options_.prompt.prompt, "Once upon a time");
  EXPECT_EQ(options_.temperature, 0.5);
  EXPECT_TRUE(options_.chat);
  EXPECT_EQ(DescribeOrigin(table_.Find("tp")->origin), "run.yaml:2");
  EXPECT_EQ(DescribeOrigin(table_.Find("prompt")->origin), "run.yaml:3");
  EXPECT_EQ(table_.Find("pp")->origin.kind, Origin::Kind::kDefault);
}

TEST_F(ConfigFile, MayBeEmptyOrOnlyComments) {
  EXPECT_TRUE(Apply("").ok());
  EXPECT_TRUE(Apply("# nothing\n\n").ok());
  EXPECT_TRUE(Apply("---\n").ok());
  EXPECT_TRUE(Apply("---\ntp: 2\n...\n").ok());
}

TEST_F(ConfigFile, NamesLineAndColumnOfAnUnknownKeyAndTheNearestKnownOne) {
  const Status status = Apply("tp: 2\nmax-token: 5\n");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "run.yaml:2:1: unknown key 'max-token' (did you mean 'max-tokens'?)");
}

TEST_F(ConfigFile, ListsTheKnownKeysWhereNoneIsNear) {
  EXPECT_THAT(Apply("zzzzzzzz: 5\n").message(), HasSubstr("known are model, dtype"));
}

TEST_F(ConfigFile, NamesTheColumnOfAValueOfTheWrongType) {
  EXPECT_EQ(Apply("  tp: two\n").message(),
            "run.yaml:1:7: tp must be an integer from 1 to 1024, not 'two'");
  EXPECT_EQ(Apply("tp: [1, 2]\n").message(),
            "run.yaml:1:5: tp must be an integer from 1 to 1024, not a sequence");
  EXPECT_EQ(Apply("tp: {a: 1}\n").message(),
            "run.yaml:1:5: tp must be an integer from 1 to 1024, not a mapping");
  EXPECT_EQ(Apply("tp:\n").message(),
            "run.yaml:1:1: tp must be an integer from 1 to 1024, not nothing");
}

TEST_F(ConfigFile, RefusesAQuotedNumberWhereANumberIsMeant) {
  EXPECT_THAT(Apply("tp: \"2\"\n").message(), HasSubstr("not the text '2'"));
  EXPECT_TRUE(Apply("prompt: \"2\"\n").ok());
  EXPECT_EQ(options_.prompt.prompt, "2");
}

TEST_F(ConfigFile, NamesTheRangeOfAValueOutOfIt) {
  EXPECT_THAT(Apply("top-p: 1.5\n").message(),
              AllOf(HasSubstr("run.yaml:1:8"), HasSubstr("above 0 and at most 1")));
}

TEST_F(ConfigFile, ReportsAllThatIsWrongTogether) {
  const std::string message = Apply("tp: x\npp: 0\nnope: 1\n").message();
  EXPECT_THAT(message, HasSubstr("run.yaml:1:5"));
  EXPECT_THAT(message, HasSubstr("run.yaml:2:5"));
  EXPECT_THAT(message, HasSubstr("run.yaml:3:1"));
}

TEST_F(ConfigFile, CountsComplaintsBeyondTheFirstTen) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "nope" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(Apply(text).message(), HasSubstr("and 15 more"));
}

TEST_F(ConfigFile, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(Apply("tp: 2\npp: 1\ntp: 4\n").message(),
              AllOf(HasSubstr("run.yaml:3:1"), HasSubstr("stands in line 1 already")));
}

TEST_F(ConfigFile, RefusesWhatIsNotAMappingOrNotYaml) {
  EXPECT_THAT(Apply("- tp\n- 2\n").message(), HasSubstr("must be a mapping"));
  EXPECT_THAT(Apply("tp: [2\n").message(), HasSubstr("not YAML"));
  EXPECT_THAT(Apply("tp: 2\n---\ntp: 3\n").message(), HasSubstr("one document"));
  EXPECT_THAT(Apply(",").message(), HasSubstr("one document"));
  EXPECT_THAT(Apply("? [a, b]\n: 1\n").message(), HasSubstr("a key must be the name"));
}

TEST_F(ConfigFile, HasNoKeyForFlagsThatConcernTheFileItself) {
  EXPECT_THAT(Apply("config: other.yaml\n").message(), HasSubstr("unknown key 'config'"));
}

TEST_F(ConfigFile, RefusesHugeAndDeepAndSelfRepeatingFiles) {
  EXPECT_THAT(Apply("prompt: " + std::string(100'000, 'x')).message(), HasSubstr("too many"));
  EXPECT_FALSE(Apply("tp: " + std::string(60'000, '[')).ok());
  EXPECT_FALSE(Apply("tp: " + std::string(60'000, '{')).ok());
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    const std::string earlier = std::string("*") + static_cast<char>(c - 1);
    bomb += std::string(1, c) + ": &" + c + " [" + earlier;
    for (int i = 0; i < 8; ++i) bomb += ", " + earlier;
    bomb += "]\n";
  }
  EXPECT_THAT(Apply(bomb).message(), HasSubstr("unknown key 'a'"));
}

TEST(ConfigFileOfVerify, TakesListsAsSequences) {
  VerifyOptions options;
  OptionTable table = TableOf(options);
  ASSERT_TRUE(ApplyConfigText("tp: [2, 4]\npp: 2\n", "v.yaml", table).ok());
  EXPECT_EQ(options.tp, (std::vector<std::int32_t>{2, 4}));
  EXPECT_EQ(options.pp, (std::vector<std::int32_t>{2}));
  EXPECT_THAT(ApplyConfigText("tp: [2, [4]]\n", "v.yaml", table).message(),
              HasSubstr("not a sequence of other things"));
  EXPECT_FALSE(ApplyConfigText("tp: []\n", "v.yaml", table).ok());
}

TEST(ConfigFileOnDisk, NamesTheFileThatIsNotThere) {
  RunOptions options;
  OptionTable table = TableOf(options);
  const Status status = ApplyConfigFile("/nowhere/run.yaml", table);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("/nowhere/run.yaml"));
  EXPECT_THAT(ApplyConfigFile("/tmp", table).message(), HasSubstr("a folder"));
}

}  // namespace
}  // namespace braid
