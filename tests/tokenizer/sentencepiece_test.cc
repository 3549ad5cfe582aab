#include "models/tokenizer/sentencepiece.h"

#include "models/tokenizer/space_marker.h"
#include "tests/tokenizer/small_vocabularies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;
using TokenType = Vocabulary::TokenType;

constexpr bool kParseSpecial = true;
constexpr bool kPlain = false;
constexpr bool kAddBos = true;
constexpr bool kNoBos = false;

struct Fixture {
  explicit Fixture(Vocabulary of) : vocabulary(of) {
    auto made = Tokenizer::Make(std::move(of));
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    if (made.ok()) tokenizer = std::move(made).value();
  }

  // Texts of the tokens of `text`, a bar between them.
  std::string Pieces(std::string_view text, bool parse_special = kPlain) const {
    std::string pieces;
    for (const std::int32_t id : tokenizer->Encode(text, parse_special, kNoBos)) {
      if (!pieces.empty()) pieces += '|';
      pieces += WithSpaces(vocabulary.tokens[static_cast<std::size_t>(id)]);
    }
    return pieces;
  }

  Vocabulary vocabulary;
  std::unique_ptr<Tokenizer> tokenizer;
};

TEST(SentencePiece, MergesTheBestScoreFirstAndPutsASpaceBeforeTheText) {
  const Fixture small(SmallSentencePiece());
  EXPECT_EQ(small.Pieces("hello world"), " hello| world");
  EXPECT_EQ(small.Pieces("aaaaaaaaaaa"), " |aaaaaaaa|aa|a");
}

TEST(SentencePiece, PutsNoSpaceBeforeTheTextWhereTheVocabularySaysSo) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.add_space_prefix = false;
  const Fixture small(vocabulary);
  EXPECT_EQ(small.Pieces("hello"), "h|el|lo");
  EXPECT_EQ(small.tokenizer->DecodeAll(small.tokenizer->Encode(" hello", kPlain, kNoBos)),
            " hello");
}

TEST(SentencePiece, SpellsInBytesWhatIsNoPiece) {
  const Fixture small(SmallSentencePiece());
  EXPECT_EQ(small.Pieces("z日\u672c"), " |<0x7A>|日|<0xE6>|<0x9C>|<0xAC>");
  EXPECT_EQ(small.Pieces("\xFF\xE6\x97"), " |<0xFF>|<0xE6>|<0x97>");
}

TEST(SentencePiece, UsesTheUnknownTokenWhereByteTokensAreMissing) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.types[3 + 0xE6] = TokenType::kUnused;
  const Fixture small(vocabulary);
  EXPECT_EQ(small.Pieces("a\u672cz"), " |a|<unk>|<0x7A>");
  EXPECT_EQ(small.tokenizer->Decode(small.vocabulary.unknown_id), "\uFFFD");
}

TEST(SentencePiece, SpellsASpaceAsItsByteWhereTheMarkerIsNoPiece) {
  Vocabulary vocabulary = SmallSentencePiece();
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (vocabulary.tokens[i].find(kSpaceMarker) != std::string::npos) {
      vocabulary.types[i] = TokenType::kUnused;
    }
  }
  const Fixture small(vocabulary);
  EXPECT_EQ(small.Pieces("a a"), "<0x20>|a|<0x20>|a");
  EXPECT_EQ(small.tokenizer->DecodeAll(small.tokenizer->Encode(" a  a", kPlain, kNoBos)), " a  a");
}

TEST(SentencePiece, NeverMergesTextIntoAControlOrByteToken) {
  Vocabulary vocabulary = SmallSentencePiece();
  for (const char* piece :
       {"<", "s", ">", "<s", "0", "x", "4", "1", "<0", "<0x", "<0x4", "<0x41"}) {
    AddToken(&vocabulary, piece, TokenType::kNormal, 1);
  }
  const Fixture small(vocabulary);
  EXPECT_EQ(small.Pieces("<s>"), " |<s|>");
  EXPECT_EQ(small.Pieces("<0x41>"), " |<0x41|>");
}

TEST(SentencePiece, RecognisesControlTokensOnlyWhereAskedTo) {
  const Fixture small(SmallSentencePiece());
  EXPECT_EQ(small.Pieces("hello</s>hello", kParseSpecial), " hello|</s>| hello");
  EXPECT_EQ(small.Pieces("</s>"), " |<0x3C>|<0x2F>|<0x73>|<0x3E>");
}

TEST(SentencePiece, RecognisesUserDefinedTokensInAnyTextWithoutASpaceBehindThem) {
  const Fixture small(SmallSentencePiece());
  EXPECT_EQ(small.Pieces("hello<tag>hello"), " hello|<tag>|h|el|lo");
  const auto ids = small.tokenizer->Encode("hello<tag> hello", kPlain, kNoBos);
  EXPECT_EQ(small.tokenizer->DecodeAll(ids), "hello<tag> hello");
}

TEST(SentencePiece, BeginsWithBosWhereVocabularyAndCallerWantIt) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.add_bos = true;
  const Fixture with(vocabulary);
  EXPECT_THAT(with.tokenizer->Encode("", kPlain, kAddBos), ElementsAre(1));
  EXPECT_THAT(with.tokenizer->Encode("", kPlain, kNoBos), ElementsAre());
  const Fixture without(SmallSentencePiece());
  EXPECT_THAT(without.tokenizer->Encode("", kPlain, kAddBos), ElementsAre());
}

TEST(SentencePiece, DecodesWithoutTheSpaceBeforeTheFirstWordOnly) {
  const Fixture small(SmallSentencePiece());
  const auto ids = small.tokenizer->Encode("hello world", kPlain, kNoBos);
  EXPECT_EQ(small.tokenizer->DecodeAll(ids), "hello world");
  EXPECT_EQ(small.tokenizer->Decode(ids[0]), " hello");
  EXPECT_EQ(small.tokenizer->DecodeAll(small.tokenizer->Encode("  hello", kPlain, kNoBos)),
            "  hello");
}

TEST(SentencePiece, DecodesControlTokensAndIdsOutsideTheVocabularyToNothing) {
  const Fixture small(SmallSentencePiece());
  for (const std::int32_t id : {1, 2, -1, small.tokenizer->vocab_size()}) {
    EXPECT_EQ(small.tokenizer->Decode(id), "") << id;
  }
  EXPECT_EQ(small.tokenizer->DecodeAll(std::vector<std::int32_t>{1, 3 + 'h', 2}), "h");
}

TEST(SentencePiece, TakesAMarkerInTheTextForASpace) {
  const Fixture small(SmallSentencePiece());
  EXPECT_EQ(small.Pieces("hello\u2581world"), small.Pieces("hello world"));
}

}  // namespace
}  // namespace braid
