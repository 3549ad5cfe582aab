#include "models/tokenizer/pre_tokenizer.h"

#include "tests/tokenizer/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string_view> Split(std::string_view name, std::string_view text) {
  const auto made = PreTokenizer::Make(name);
  EXPECT_TRUE(made.ok()) << made.error().ToString();
  return made.ok() ? made->Split(text) : std::vector<std::string_view>();
}

TEST(PreTokenizer, CutsAsAnotherImplementationDoes) {
  const nlohmann::json rows = ReadGolden("pre_tokenizer");
  ASSERT_GT(rows.size(), 300u);
  std::map<std::string, std::size_t> rows_by_name;
  for (const auto& row : rows) {
    const auto words = row.at("words").get<std::vector<std::string>>();
    const auto name = row.at("pre_tokenizer").get<std::string>();
    std::string text;
    for (const std::string& word : words) text += word;
    const auto split = Split(name, text);
    EXPECT_EQ(std::vector<std::string>(split.begin(), split.end()), words) << name << ": " << text;
    ++rows_by_name[name];
  }
  EXPECT_EQ(rows_by_name.size(), 5u);
}

TEST(PreTokenizer, MakesSingleDigitsWordsForSmolLm) {
  EXPECT_THAT(Split("smollm", "in 2024  7"), ElementsAre("in", " ", "2", "0", "2", "4", "  ", "7"));
  EXPECT_THAT(Split("gpt-2", "in 2024  7"), ElementsAre("in", " 2024", " ", " 7"));
}

TEST(PreTokenizer, GroupsDigitsByThreesForLlama3AndNotAtAllForQwen2) {
  EXPECT_THAT(Split("llama-bpe", "x12345"), ElementsAre("x", "123", "45"));
  EXPECT_THAT(Split("qwen2", "x12345"), ElementsAre("x", "1", "2", "3", "4", "5"));
}

TEST(PreTokenizer, TakesAFileWithoutANameForDefault) {
  EXPECT_EQ(Split("", "a1234, b"), Split("default", "a1234, b"));
}

TEST(PreTokenizer, DoesNotTakeU180EForASpace) {
  EXPECT_THAT(Split("gpt-2", "a\u180e b"), ElementsAre("a", "\u180e", " b"));
}

TEST(PreTokenizer, MakesEachByteThatIsNoTextAWord) {
  EXPECT_THAT(Split("gpt-2", "hello\xFF\xE6\x97 world\xF0\x9F"),
              ElementsAre("hello", "\xFF", "\xE6", "\x97", " world", "\xF0", "\x9F"));
}

TEST(PreTokenizer, MakesNoWordsOfNoText) { EXPECT_THAT(Split("smollm", ""), ElementsAre()); }

TEST(PreTokenizer, LosesNothingOfAVeryLongRun) {
  for (const char* name : {"smollm", "gpt-2", "llama-bpe", "qwen2", "default"}) {
    for (const char filler : {' ', 'a', '7', '\'', '\n'}) {
      const std::string text(1 << 18, filler);
      std::size_t num_bytes = 0;
      for (const auto word : Split(name, text)) num_bytes += word.size();
      EXPECT_EQ(num_bytes, text.size()) << name << " of '" << filler << "'";
    }
  }
}

TEST(PreTokenizer, RefusesANameThatItDoesNotKnowAndListsThoseItKnows) {
  const auto made = PreTokenizer::Make("tekken");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(made.error().message(), HasSubstr("'tekken'"));
  EXPECT_THAT(made.error().message(), HasSubstr("smollm"));
}

TEST(Regex, RefusesABrokenPatternWithItsPlace) {
  const auto made = Regex::Compile("ab(c");
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message(), HasSubstr("ab(c"));
}

}  // namespace
}  // namespace braid
