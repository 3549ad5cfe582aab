#include "models/chat.h"
#include "tests/tokenizer/golden.h"
#include "tests/tokenizer/real_vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace braid {
namespace {

class SmolLm2Tokenizer : public RealVocabularyTest {
 protected:
  void SetUp() override { Load("BRAID_TEST_SMOLLM2", /*is_required_in_ci=*/true); }
};

std::string FromHex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST_F(SmolLm2Tokenizer, EncodesAsAnotherImplementationDoes) {
  const nlohmann::json rows = ReadGolden("smollm2");
  ASSERT_GT(rows.size(), 120u);
  for (const auto& row : rows) {
    const std::string text = row.contains("hex") ? FromHex(row["hex"].get<std::string>())
                                                 : row["text"].get<std::string>();
    const auto ids = row["ids"].get<std::vector<std::int32_t>>();
    EXPECT_EQ(tokenizer_->Encode(text, row["parse_special"].get<bool>(), true), ids) << row;
  }
}

TEST_F(SmolLm2Tokenizer, DecodesWhatItEncodes) {
  for (const auto& row : ReadGolden("smollm2")) {
    if (row.contains("hex") || row["parse_special"].get<bool>()) continue;
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(tokenizer_->DecodeAll(row["ids"].get<std::vector<std::int32_t>>()), text);
  }
}

TEST_F(SmolLm2Tokenizer, EndsGenerationsAtTheEndOfATurn) {
  EXPECT_EQ(tokenizer_->vocab_size(), 49152);
  EXPECT_EQ(tokenizer_->eos_id(), 2);
  EXPECT_TRUE(tokenizer_->IsEndOfGeneration(2));
  EXPECT_TRUE(tokenizer_->IsEndOfGeneration(0));
  EXPECT_FALSE(tokenizer_->IsEndOfGeneration(1));
}

TEST_F(SmolLm2Tokenizer, FormatsAChatWithTheSystemPromptOfItsTemplate) {
  const std::vector<ChatMessage> messages = {{"user", "Hi"}};
  const auto prompt = FormatChat(vocabulary_.chat_template, messages);
  ASSERT_TRUE(prompt.ok()) << prompt.error().ToString();
  EXPECT_EQ(*prompt,
            "<|im_start|>system\n"
            "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  const auto ids = tokenizer_->Encode(*prompt, true, true);
  EXPECT_EQ(ids.front(), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 3);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 2), 2);
}

}  // namespace
}  // namespace braid
