#include "launch/text_table.h"

#include "launch/suggestion.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

using enum TextTable::Align;

TEST(TextTableTest, AlignsColumnsAndLeavesNoSpacesAtTheEnd) {
  TextTable table({"name", "n"}, {kLeft, kRight});
  table.AddRow({"a", "1"});
  table.AddRow({"longer", "100"});
  table.AddRow({"b"});
  EXPECT_EQ(table.ToString(),
            "name      n\n"
            "a         1\n"
            "longer  100\n"
            "b\n");
}

TEST(TextTableTest, CountsCharactersNotBytes) {
  TextTable table({"a", "b"}, {kLeft, kLeft});
  table.AddRow({"\xC2\xB5s", "x"});
  table.AddRow({"ms", "x"});
  EXPECT_EQ(table.ToString(), "a   b\n\xC2\xB5s  x\nms  x\n");
}

TEST(TextTableTest, DropsAnEmptyHeader) {
  TextTable table({"", ""}, {kLeft, kLeft});
  table.AddRow({"a", "b"});
  EXPECT_EQ(table.ToString(), "a  b\n");
}

TEST(Formats, AreReadable) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(98'362'432), "98.4 MB");
  EXPECT_EQ(FormatSeconds(1.234), "1.23 s");
  EXPECT_EQ(FormatSeconds(0.0123), "12.3 ms");
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
}

TEST(DidYouMeanTest, NamesTheNearestWordIfAnyIsNear) {
  const std::vector<std::string> words = {"run", "launch", "verify", "inspect", "doctor"};
  EXPECT_EQ(DidYouMean("lanch", words), " (did you mean 'launch'?)");
  EXPECT_EQ(DidYouMean("ver", words), " (did you mean 'verify'?)");
  EXPECT_EQ(DidYouMean("zzzzz", words), "");
  EXPECT_EQ(DidYouMean("", words), "");
  EXPECT_EQ(DidYouMean(std::string(10'000, 'x'), words), "");
}

}  // namespace
}  // namespace braid
