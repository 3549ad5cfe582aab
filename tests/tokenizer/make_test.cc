#include "models/tokenizer.h"
#include "models/tokenizer/token_table.h"
#include "tests/tokenizer/small_vocabularies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace braid {
namespace {

using ::testing::HasSubstr;
using TokenType = Vocabulary::TokenType;

// Expects that `vocabulary` is refused with a message that holds `part`.
void ExpectRefused(Vocabulary vocabulary, const std::string& part) {
  const auto made = Tokenizer::Make(std::move(vocabulary));
  ASSERT_FALSE(made.ok()) << part;
  EXPECT_EQ(made.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(made.error().message(), HasSubstr(part));
}

TEST(TokenizerMake, RefusesAKindThatItDoesNotKnow) {
  Vocabulary vocabulary = SmallByteLevel();
  vocabulary.model = "bert";
  ExpectRefused(vocabulary, "'bert'");
  ExpectRefused({}, "''");
}

TEST(TokenizerMake, RefusesAnEmptyVocabulary) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  ExpectRefused(vocabulary, "empty");
}

TEST(TokenizerMake, RefusesScoresAndTypesOfAnotherNumberThanTokens) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.scores.pop_back();
  ExpectRefused(vocabulary, std::to_string(vocabulary.scores.size()) + " scores");
  vocabulary = SmallSentencePiece();
  vocabulary.types.push_back(TokenType::kNormal);
  ExpectRefused(vocabulary, "token types");
}

TEST(TokenizerMake, RefusesTypesAndScoresThatAreNone) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.types[5] = static_cast<TokenType>(7);
  ExpectRefused(vocabulary, "token 5 has the type 7");
  vocabulary = SmallSentencePiece();
  vocabulary.scores[9] = std::numeric_limits<float>::quiet_NaN();
  ExpectRefused(vocabulary, "score of token 9");
}

TEST(TokenizerMake, RefusesIdsOutsideTheVocabulary) {
  for (auto id :
       {&Vocabulary::bos_id, &Vocabulary::eos_id, &Vocabulary::eot_id, &Vocabulary::unknown_id}) {
    Vocabulary vocabulary = SmallByteLevel();
    vocabulary.*id = static_cast<std::int32_t>(vocabulary.tokens.size());
    ExpectRefused(vocabulary, "outside the vocabulary");
    vocabulary.*id = -2;
    ExpectRefused(vocabulary, "token is -2");
  }
}

TEST(TokenizerMake, RefusesSentencePieceWithoutScores) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.scores.clear();
  ExpectRefused(vocabulary, "scores");
}

TEST(TokenizerMake, RefusesSentencePieceThatCannotEncodeEveryText) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.types[3 + 65] = TokenType::kUnused;
  vocabulary.types[0] = TokenType::kUnused;
  vocabulary.unknown_id = -1;
  ExpectRefused(vocabulary, "byte 65");
}

TEST(TokenizerMake, RefusesAByteTokenThatNamesNoByte) {
  for (const char* name : {"<0xG1>", "<0x1>", "0x41", "<0x41", ""}) {
    Vocabulary vocabulary = SmallSentencePiece();
    vocabulary.tokens[3 + 65] = name;
    ExpectRefused(vocabulary, "is a byte token");
  }
}

TEST(TokenizerMake, RefusesMergesThatAreNotTwoTokens) {
  for (const char* merge : {"", " ", "a", "a ", " a", "aa"}) {
    Vocabulary vocabulary = SmallByteLevel();
    vocabulary.merges[2] = merge;
    ExpectRefused(vocabulary, "merge 2 of the vocabulary, '" + std::string(merge) + "'");
  }
}

TEST(TokenizerMake, RefusesMergesOfAndIntoTokensThatAreNotThere) {
  for (const char* merge : {"zz a", "a zz", "a z"}) {
    Vocabulary vocabulary = SmallByteLevel();
    vocabulary.merges.push_back(merge);
    ExpectRefused(vocabulary, "which is not there");
  }
}

TEST(TokenizerMake, RefusesByteLevelVocabulariesWithoutBytes) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.tokens = {"hello", "world"};
  ExpectRefused(vocabulary, "single byte");
  vocabulary.tokens = {"a", "b"};
  ExpectRefused(vocabulary, "no token for the byte 0");
}

TEST(TokenizerMake, FindsSpecialTokensWhereTypesAreMissing) {
  Vocabulary vocabulary = SmallSentencePiece();
  vocabulary.types.clear();
  const auto made = Tokenizer::Make(vocabulary);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const Tokenizer& tokenizer = **made;
  EXPECT_EQ(tokenizer.DecodeAll(tokenizer.Encode("hello \xFF", false, false)), "hello \xFF");
  EXPECT_EQ(tokenizer.Encode("</s>", true, false), std::vector<std::int32_t>{2});
  EXPECT_EQ(tokenizer.Decode(1), "");
}

TEST(ByteOfToken, ReadsTwoHexadecimalDigits) {
  EXPECT_EQ(ByteOfToken("<0x00>"), std::uint8_t{0});
  EXPECT_EQ(ByteOfToken("<0xfF>"), std::uint8_t{255});
  EXPECT_EQ(ByteOfToken("<0x+1>"), std::nullopt);
  EXPECT_EQ(ByteOfToken("<0x100>"), std::nullopt);
}

}  // namespace
}  // namespace braid
