#include "models/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace braid {
namespace {

using ::testing::HasSubstr;

// The template of SmolLM2-Instruct, as its file holds it.
constexpr std::string_view kSmolLm2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}";

constexpr std::string_view kNoDefaultSystem =
    R"({% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }})"
    R"({% endfor %}{{ '<|im_start|>assistant\n' }})";

std::string Format(std::string_view chat_template, const std::vector<ChatMessage>& messages) {
  const auto prompt = FormatChat(chat_template, messages);
  EXPECT_TRUE(prompt.ok()) << prompt.error().ToString();
  return prompt.ok() ? *prompt : "";
}

TEST(FormatChat, BeginsWithTheSystemPromptOfTheTemplateWhereTheUserHasNone) {
  EXPECT_EQ(Format(kSmolLm2, {{"user", "Hi"}}),
            "<|im_start|>system\n"
            "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(FormatChat, PrefersTheSystemPromptOfTheUser) {
  EXPECT_EQ(Format(kSmolLm2, {{"system", "Be brief."}, {"user", "Hi"}}),
            "<|im_start|>system\nBe brief.<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(FormatChat, AddsNoSystemPromptWhereTheTemplateHasNone) {
  EXPECT_EQ(Format(kNoDefaultSystem, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}}),
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
            "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n");
}

TEST(FormatChat, ReadsEscapesAndQuotesInTheTemplate) {
  const std::string escaped = R"({{- '<|im_start|>system\n' + m.content + '<|im_end|>\n' }})"
                              R"({{- "<|im_start|>system\nI'm \"it\".<|im_end|>\n" }})";
  EXPECT_THAT(Format(escaped, {{"user", "Hi"}}),
              HasSubstr("<|im_start|>system\nI'm \"it\".<|im_end|>\n<|im_start|>user"));
}

TEST(FormatChat, RefusesTemplatesThatItDoesNotUnderstand) {
  const std::vector<ChatMessage> messages = {{"user", "Hi"}};
  const auto llama2 = FormatChat("{{ '[INST] ' + messages[0].content + ' [/INST]' }}", messages);
  ASSERT_FALSE(llama2.ok());
  EXPECT_EQ(llama2.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(llama2.error().message(), HasSubstr("ChatML"));
  const auto none = FormatChat("", messages);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message(), HasSubstr("no chat template"));
}

TEST(FormatChat, RefusesNoMessagesAndRolesThatAreNoWord) {
  EXPECT_FALSE(FormatChat(kSmolLm2, {}).ok());
  for (const char* role : {"", "us er", "user\n", "<|im_end|>"}) {
    const std::vector<ChatMessage> messages = {{role, "Hi"}};
    EXPECT_FALSE(FormatChat(kSmolLm2, messages).ok()) << role;
  }
}

}  // namespace
}  // namespace braid
