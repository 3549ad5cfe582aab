#include "models/tokenizer.h"
#include "models/tokenizer/space_marker.h"
#include "models/tokenizer/utf8.h"
#include "tests/tokenizer/small_vocabularies.h"

#include <gtest/gtest.h>

#include <random>

namespace braid {
namespace {

using Random = std::mt19937;  // the same on every platform

std::unique_ptr<Tokenizer> Make(Vocabulary vocabulary) {
  auto made = Tokenizer::Make(std::move(vocabulary));
  EXPECT_TRUE(made.ok()) << made.error().ToString();
  return made.ok() ? std::move(made).value() : nullptr;
}

std::string RandomBytes(Random& random) {
  std::string text;
  for (std::size_t i = random() % 60; i > 0; --i) text.push_back(static_cast<char>(random() % 256));
  return text;
}

// Characters of all lengths, many of them with a meaning for some pre-tokenizer or vocabulary.
std::string RandomText(Random& random) {
  constexpr std::string_view kMeaningful = "      aaaahelowrd'stmlv\n\n\r\t0127.,<|>_";
  std::string text;
  for (std::size_t i = random() % 60; i > 0; --i) {
    char32_t c = static_cast<unsigned char>(kMeaningful[random() % kMeaningful.size()]);
    if (random() % 4 == 0) c = static_cast<char32_t>(random() % 0x800);
    if (random() % 8 == 0) c = static_cast<char32_t>(random() % 0x110000);
    const bool is_scalar_value = c < 0xD800 || c > 0xDFFF;
    // A literal marker decodes to a space, as the header says.
    if (is_scalar_value && c != U'\u2581') AppendUtf8(c, &text);
    if (random() % 40 == 0) text += "<tag>";
  }
  return text;
}

class RoundTrip : public ::testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Tokenizer> MakeParam() {
    const std::string name = GetParam();
    if (name == "sentencepiece") return Make(SmallSentencePiece());
    Vocabulary vocabulary = SmallByteLevel();
    vocabulary.pre_tokenizer = name;
    return Make(vocabulary);
  }
};

TEST_P(RoundTrip, GivesBackAnyText) {
  const auto tokenizer = MakeParam();
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = round % 2 == 0 ? RandomText(random) : RandomBytes(random);
    if (text.find(kSpaceMarker) != std::string::npos) continue;
    const auto ids = tokenizer->Encode(text, false, false);
    ASSERT_EQ(tokenizer->DecodeAll(ids), text);
    ASSERT_EQ(tokenizer->Encode(text, false, false), ids) << "not deterministic: " << text;
    for (const std::int32_t id : ids) ASSERT_LT(id, tokenizer->vocab_size());
  }
}

// What is quadratic takes hours here.
void ExpectMegabytesGivenBack(const Tokenizer& tokenizer) {
  constexpr std::size_t kBytes = 1 << 20;
  std::string mixed;
  while (mixed.size() < kBytes / 8) mixed += "hello  world 123\n\n<ta \xFF\u65e5 ";
  for (const std::string& text :
       {std::string(kBytes, 'a'), std::string(kBytes, ' '), std::string(kBytes / 8, '\xFF'),
        std::string(kBytes / 8, '<'), mixed}) {
    const auto ids = tokenizer.Encode(text, true, false);
    EXPECT_TRUE(tokenizer.DecodeAll(ids) == text) << "of '" << text.front() << "'";
  }
}

TEST(LongText, IsGivenBackBySentencePiece) {
  ExpectMegabytesGivenBack(*Make(SmallSentencePiece()));
}

TEST(LongText, IsGivenBackByByteLevelBpe) { ExpectMegabytesGivenBack(*Make(SmallByteLevel())); }

INSTANTIATE_TEST_SUITE_P(Tokenizers, RoundTrip,
                         ::testing::Values("sentencepiece", "smollm", "gpt-2", "llama-bpe", "qwen2",
                                           "default"),
                         [](const auto& chosen) {
                           std::string name = chosen.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace braid
