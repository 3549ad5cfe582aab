#include "models/tokenizer/token_matcher.h"

#include <gtest/gtest.h>

#include <string>

namespace braid {
namespace {

// "text|<3>|text": fragments with a bar between them, tokens by id.
std::string Show(const TokenMatcher& matcher, std::string_view text) {
  std::string shown;
  for (const auto& fragment : matcher.Split(text)) {
    if (!shown.empty()) shown += '|';
    if (fragment.id < 0) {
      shown += fragment.text;
    } else {
      shown.append("<").append(std::to_string(fragment.id)).append(">");
    }
  }
  return shown;
}

TEST(TokenMatcher, CutsTextAtTheNamesInIt) {
  TokenMatcher matcher;
  matcher.Add("<a>", 1);
  matcher.Add("<b>", 2);
  EXPECT_EQ(Show(matcher, "x<a>y<b><a>"), "x|<1>|y|<2>|<1>");
  EXPECT_EQ(Show(matcher, "<a"), "<a");
  EXPECT_EQ(Show(matcher, "<<a>>"), "<|<1>|>");
  EXPECT_EQ(Show(matcher, ""), "");
}

TEST(TokenMatcher, PrefersTheLongestOfNamesThatBeginTogether) {
  TokenMatcher matcher;
  matcher.Add("<a", 1);
  matcher.Add("<a>>", 2);
  EXPECT_EQ(Show(matcher, "<a>>"), "<2>");
  EXPECT_EQ(Show(matcher, "<a>!"), "<1>|>!");
}

TEST(TokenMatcher, PrefersTheNameThatBeginsFirst) {
  TokenMatcher matcher;
  matcher.Add("ab", 1);
  matcher.Add("bcd", 2);
  EXPECT_EQ(Show(matcher, "abcd"), "<1>|cd");
}

TEST(TokenMatcher, KeepsTheFirstIdOfANameAndIgnoresEmptyOnes) {
  TokenMatcher matcher;
  matcher.Add("x", 1);
  matcher.Add("x", 2);
  matcher.Add("", 3);
  EXPECT_EQ(Show(matcher, "axb"), "a|<1>|b");
}

TEST(TokenMatcher, FindsNothingWithoutNames) { EXPECT_EQ(Show(TokenMatcher(), "text"), "text"); }

}  // namespace
}  // namespace braid
