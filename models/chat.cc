#include "models/chat.h"

#include <algorithm>
#include <optional>

namespace braid {
namespace {

constexpr std::string_view kTurnBegin = "<|im_start|>";
constexpr std::string_view kTurnEnd = "<|im_end|>";

// The rest of a Jinja string literal, up to the quote that closes it; escapes resolved.
std::string ReadLiteral(std::string_view rest, char quote) {
  std::string text;
  for (std::size_t i = 0; i < rest.size() && rest[i] != quote; ++i) {
    if (rest[i] != '\\' || i + 1 == rest.size()) {
      text.push_back(rest[i]);
      continue;
    }
    const char escaped = rest[++i];
    text.push_back(escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped);
  }
  return text;
}

// The system prompt that `chat_template` gives where the user has none: a literal that is a whole
// turn of the system.
std::optional<std::string> DefaultSystemPrompt(std::string_view chat_template) {
  const std::string begin = std::string(kTurnBegin) + "system\n";
  for (std::size_t at = chat_template.find(kTurnBegin); at != std::string_view::npos;
       at = chat_template.find(kTurnBegin, at + 1)) {
    const char quote = at == 0 ? '\0' : chat_template[at - 1];
    if (quote != '\'' && quote != '"') continue;
    const std::string literal = ReadLiteral(chat_template.substr(at), quote);
    const std::size_t end = literal.find(kTurnEnd);
    if (literal.starts_with(begin) && end != std::string::npos) {
      return literal.substr(begin.size(), end - begin.size());
    }
  }
  return std::nullopt;
}

bool IsWord(std::string_view role) {
  return !role.empty() && std::all_of(role.begin(), role.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Status Check(std::string_view chat_template, std::span<const ChatMessage> messages) {
  if (chat_template.empty()) {
    return InvalidArgument(
        "the model file holds no chat template (tokenizer.chat_template), so it may not be a chat "
        "model; give it a plain prompt instead");
  }
  if (chat_template.find(kTurnBegin) == std::string_view::npos ||
      chat_template.find(kTurnEnd) == std::string_view::npos) {
    return InvalidArgument(
        "the chat template of this model is not ChatML (<|im_start|> ... <|im_end|>), the only one "
        "that is understood today; give it a plain prompt in the model's own format instead");
  }
  if (messages.empty()) return InvalidArgument("a chat needs at least one message");
  for (const ChatMessage& message : messages) {
    if (!IsWord(message.role)) {
      return InvalidArgument("'" + message.role +
                             "' is no role of a chat message; use system, user or assistant");
    }
  }
  return {};
}

void AppendTurn(std::string_view role, std::string_view content, std::string* prompt) {
  prompt->append(kTurnBegin)
      .append(role)
      .append("\n")
      .append(content)
      .append(kTurnEnd)
      .append("\n");
}

}  // namespace

Result<std::string> FormatChat(std::string_view chat_template,
                               std::span<const ChatMessage> messages) {
  RETURN_IF_ERROR(Check(chat_template, messages));
  std::string prompt;
  if (messages.front().role != "system") {
    const auto system = DefaultSystemPrompt(chat_template);
    if (system) AppendTurn("system", *system, &prompt);
  }
  for (const ChatMessage& message : messages) {
    AppendTurn(message.role, message.content, &prompt);
  }
  prompt.append(kTurnBegin).append("assistant\n");
  return prompt;
}

}  // namespace braid
