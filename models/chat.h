#pragma once

#include "base/status.h"

#include <span>
#include <string>
#include <string_view>

namespace braid {

/// One turn of a conversation.
struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

/// The prompt that asks a chat model for its next turn, to be encoded with parse_special.
/// `chat_template` is the model file's (Vocabulary::chat_template). Only ChatML is understood; it
/// is recognised by its markers, and the template is not run. Where the first message is not the
/// system's, the system prompt that the template holds goes before it, if it holds one.
/// Contents are taken as they are: a marker within one ends its turn, as with every ChatML model.
/// Errors: InvalidArgument for another template, none at all, no message, or a role that is not a
/// word.
/// Thread: any thread.
Result<std::string> FormatChat(std::string_view chat_template,
                               std::span<const ChatMessage> messages);

}  // namespace braid
