#include "models/tokenizer/utf8.h"

#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/utf8_stream.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

using Kind = Utf8Unit::Kind;

// All units of `text`, e.g. "C2 I1 ...": kind and number of bytes.
std::string Units(std::string_view text) {
  std::string units;
  for (std::size_t position = 0; position < text.size();) {
    const Utf8Unit unit = ReadUtf8(text, position);
    const char kind = unit.kind == Kind::kCharacter ? 'C' : unit.kind == Kind::kInvalid ? 'X' : '.';
    units += kind + std::to_string(unit.num_bytes) + " ";
    position += unit.num_bytes;
  }
  return units;
}

TEST(Utf8, ReadsCharactersOfAllLengths) {
  EXPECT_EQ(Units("a\u00e9\u65e5\U0001f600"), "C1 C2 C3 C4 ");
  EXPECT_EQ(Units(std::string_view("\0", 1)), "C1 ");
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndTooLargeNumbers) {
  EXPECT_EQ(Units("\xC0\xAF"), "X1 X1 ");
  EXPECT_EQ(Units("\xE0\x80\x80"), "X1 X1 X1 ");
  EXPECT_EQ(Units("\xF0\x8F\xBF\xBF"), "X1 X1 X1 X1 ");
  EXPECT_EQ(Units("\xED\xA0\x80"), "X1 X1 X1 ");
  EXPECT_EQ(Units("\xF4\x90\x80\x80"), "X1 X1 X1 X1 ");
  EXPECT_EQ(Units("\xF5\x80"), "X1 X1 ");
}

TEST(Utf8, TakesABrokenCharacterAsItsMaximalSubpart) {
  EXPECT_EQ(Units("\xE6\x97!"), "X2 C1 ");
  EXPECT_EQ(Units("\xF0\x9F\x98\xE6\x97\xA5"), "X3 C3 ");
}

TEST(Utf8, TellsWhatMayStillBecomeACharacter) {
  EXPECT_EQ(Units("a\xE6\x97"), "C1 .2 ");
  EXPECT_EQ(Units("\xF0"), ".1 ");
}

TEST(Utf8, AppendsWhatItDecodes) {
  for (const char32_t c :
       {U'\0', U'\x7f', U'\x80', U'\x7ff', U'\x800', U'\xffff', U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    AppendUtf8(c, &text);
    EXPECT_EQ(ReadUtf8(text, 0).num_bytes, text.size());
    EXPECT_EQ(DecodeCharacter(text), c);
  }
}

TEST(Utf8Stream, HoldsACharacterBackUntilItIsWhole) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("a\xF0"), "a");
  EXPECT_EQ(stream.Push("\x9F\x98"), "");
  EXPECT_EQ(stream.Push("\x80z"), "\U0001f600z");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(Utf8Stream, ReplacesWhatCannotBecomeACharacterAsSoonAsThatIsKnown) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("\xE6\x97"), "");
  EXPECT_EQ(stream.Push("x"), "\uFFFDx");
  EXPECT_EQ(stream.Push("\xFF"), "\uFFFD");
}

TEST(Utf8Stream, ReplacesWhatIsLeftAtTheEndAndCanBeUsedAgain) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("\xE6\x97"), "");
  EXPECT_EQ(stream.Finish(), "\uFFFD");
  EXPECT_EQ(stream.Push("\xA5"), "\uFFFD");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(Utf8Stream, GivesTheSameTextHoweverTheBytesAreCut) {
  const std::string text = "a\u65e5\xE6\x97\U0001f600\xF0\x9F\xC0\xFFz\xE6";
  Utf8Stream whole;
  std::string expected = whole.Push(text);
  expected += whole.Finish();
  Utf8Stream bytewise;
  std::string shown;
  for (const char byte : text) shown += bytewise.Push(std::string(1, byte));
  shown += bytewise.Finish();
  EXPECT_EQ(shown, expected);
  EXPECT_EQ(expected, "a\u65e5\uFFFD\U0001f600\uFFFD\uFFFD\uFFFDz\uFFFD");
}

TEST(ByteAlphabet, WritesEveryByteAsOneVisibleCharacterAndBack) {
  const ByteAlphabet alphabet;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  EXPECT_EQ(alphabet.ToBytes(alphabet.FromBytes(bytes)), bytes);
  EXPECT_EQ(alphabet.FromBytes(" a\n~"), "\u0120a\u010a~");
  EXPECT_EQ(alphabet.FromBytes("\u00ad"), "\u00c2\u0143");
}

TEST(ByteAlphabet, LeavesCharactersOutsideItAsTheyAre) {
  const ByteAlphabet alphabet;
  EXPECT_EQ(alphabet.ToBytes("\u65e5 \u0144\u0120"), "\u65e5 \u0144 ");
  EXPECT_EQ(alphabet.ToBytes("\xFF\xE6"), "\xFF\xE6");
}

}  // namespace
}  // namespace braid
