#include "models/tokenizer/byte_level_bpe.h"

#include "tests/tokenizer/small_vocabularies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;
using TokenType = Vocabulary::TokenType;

struct Fixture {
  explicit Fixture(Vocabulary of) : vocabulary(of) {
    auto made = Tokenizer::Make(std::move(of));
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    if (made.ok()) tokenizer = std::move(made).value();
  }

  // Bytes of the tokens of `text`, a bar between them; control tokens by name.
  std::string Pieces(std::string_view text, bool parse_special = false) const {
    std::string pieces;
    for (const std::int32_t id : tokenizer->Encode(text, parse_special, false)) {
      if (!pieces.empty()) pieces += '|';
      const std::string bytes = tokenizer->Decode(id);
      pieces += bytes.empty() ? vocabulary.tokens[static_cast<std::size_t>(id)] : bytes;
    }
    return pieces;
  }

  Vocabulary vocabulary;
  std::unique_ptr<Tokenizer> tokenizer;
};

TEST(ByteLevelBpe, MergesInTheOrderOfTheList) {
  const Fixture small(SmallByteLevel());
  EXPECT_EQ(small.Pieces("hello world"), "hello| world");
  EXPECT_EQ(small.Pieces("aaaaaaa"), "aaaa|aa|a");
}

TEST(ByteLevelBpe, DoesNotMergeAcrossWords) {
  const Fixture small(SmallByteLevel());
  EXPECT_EQ(small.Pieces("     world"), "    | world");
  EXPECT_EQ(small.Pieces("aa1aa"), "aa|1|aa");
}

TEST(ByteLevelBpe, EncodesBytesThatAreNoTextOneByOne) {
  const Fixture small(SmallByteLevel());
  EXPECT_EQ(small.Pieces("\u65e5"), "\u65e5");
  EXPECT_EQ(small.Pieces("\xE6\x97"), "\xE6|\x97");
  EXPECT_EQ(small.Pieces("aa\xFF\x80"), "aa|\xFF|\x80");
}

TEST(ByteLevelBpe, RecognisesControlTokensOnlyWhereAskedTo) {
  const Fixture small(SmallByteLevel());
  EXPECT_EQ(small.Pieces("<|im_start|>aa<|im_end|>", true), "<|im_start|>|aa|<|im_end|>");
  EXPECT_EQ(small.Pieces("<|", true), "<||");
  const auto plain = small.tokenizer->Encode("<|im_end|>", false, false);
  EXPECT_EQ(plain.size(), 10u);
  EXPECT_EQ(small.tokenizer->DecodeAll(plain), "<|im_end|>");
}

TEST(ByteLevelBpe, RecognisesUserDefinedTokensInAnyText) {
  const Fixture small(SmallByteLevel());
  EXPECT_EQ(small.Pieces("aa<tag>aa"), "aa|<tag>|aa");
}

TEST(ByteLevelBpe, PutsAWholeWordBeforeTheMergesForLlama3Only) {
  Vocabulary vocabulary = SmallByteLevel();
  AddToken(&vocabulary, "aaaaa");
  EXPECT_EQ(Fixture(vocabulary).Pieces("aaaaa"), "aaaa|a");
  vocabulary.pre_tokenizer = "llama-bpe";
  EXPECT_EQ(Fixture(vocabulary).Pieces("aaaaa"), "aaaaa");
}

TEST(ByteLevelBpe, ReplacesBytesThatTheVocabularyLacks) {
  Vocabulary vocabulary = SmallByteLevel();
  vocabulary.types[0x04] = TokenType::kUnused;
  vocabulary.types[0xFF] = TokenType::kUnused;
  EXPECT_EQ(Fixture(vocabulary).Pieces("a\x04"), "a|\xEF|\xBF|\xBD");
  EXPECT_EQ(Fixture(vocabulary).Pieces("\xFF"), "\xEF|\xBF|\xBD");
  vocabulary.types[0xEF] = TokenType::kUnused;
  vocabulary.unknown_id = AddToken(&vocabulary, "<unk>", TokenType::kUnknown);
  EXPECT_THAT(Fixture(vocabulary).tokenizer->Encode("a\xFF", false, false),
              ElementsAre('a', vocabulary.unknown_id));
}

TEST(ByteLevelBpe, EncodesTheFirstAndDecodesEachOfTokensWithTheSameText) {
  Vocabulary vocabulary = SmallByteLevel();
  const std::int32_t second = AddToken(&vocabulary, "a");
  const Fixture small(vocabulary);
  EXPECT_THAT(small.tokenizer->Encode("a", false, false), ElementsAre('a'));
  EXPECT_EQ(small.tokenizer->Decode(second), "a");
}

TEST(ByteLevelBpe, KnowsTheTokensThatEndAGeneration) {
  Vocabulary vocabulary = SmallByteLevel();
  vocabulary.eos_id = AddToken(&vocabulary, "<eos>", TokenType::kControl);
  vocabulary.eot_id = AddToken(&vocabulary, "<eot>", TokenType::kControl);
  const std::int32_t end_of_text = AddToken(&vocabulary, "<|endoftext|>", TokenType::kControl);
  const std::int32_t plain = AddToken(&vocabulary, "</s>");
  const Fixture small(vocabulary);
  const std::int32_t im_end = small.tokenizer->Encode("<|im_end|>", true, false).front();
  for (const std::int32_t id : {vocabulary.eos_id, vocabulary.eot_id, end_of_text, im_end}) {
    EXPECT_TRUE(small.tokenizer->IsEndOfGeneration(id)) << id;
  }
  for (const std::int32_t id : {plain, im_end - 1, 0, -1}) {
    EXPECT_FALSE(small.tokenizer->IsEndOfGeneration(id)) << id;
  }
}

}  // namespace
}  // namespace braid
