#include "models/tokenizer/token_table.h"

#include "models/tokenizer/space_marker.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace braid {
namespace {

using TokenType = Vocabulary::TokenType;

// What the known chat formats end a turn with, and families end a text with.
constexpr std::array<std::string_view, 8> kEndNames = {
    "<|im_end|>", "<|endoftext|>", "<|eot_id|>",      "<|eom_id|>",
    "<|end|>",    "<end_of_turn>", "<|end_of_text|>", "</s>"};

bool IsByName(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUnknown ||
         type == TokenType::kUserDefined;
}

Status CheckSize(std::string_view name, std::size_t size, std::size_t num_tokens) {
  if (size == 0 || size == num_tokens) return {};
  return InvalidArgument("the vocabulary has " + std::to_string(num_tokens) + " tokens but " +
                         std::to_string(size) + " " + std::string(name) +
                         "; the model file is damaged or was not written by a known converter");
}

Status CheckId(std::string_view name, std::int32_t id, std::size_t num_tokens) {
  if (id >= -1 && (id < 0 || static_cast<std::size_t>(id) < num_tokens)) return {};
  return InvalidArgument("the " + std::string(name) + " token is " + std::to_string(id) +
                         ", which is outside the vocabulary of " + std::to_string(num_tokens) +
                         " tokens");
}

Status CheckTokens(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.types.size(); ++i) {
    const auto type = static_cast<int>(vocabulary.types[i]);
    if (type < static_cast<int>(TokenType::kNormal) || type > static_cast<int>(TokenType::kByte)) {
      return InvalidArgument("token " + std::to_string(i) + " has the type " +
                             std::to_string(type) + "; known are 1 to 6");
    }
  }
  for (std::size_t i = 0; i < vocabulary.scores.size(); ++i) {
    if (std::isnan(vocabulary.scores[i])) {
      return InvalidArgument("the score of token " + std::to_string(i) + " is not a number");
    }
  }
  return {};
}

Status Check(const Vocabulary& vocabulary) {
  const std::size_t num_tokens = vocabulary.tokens.size();
  if (num_tokens == 0) return InvalidArgument("the vocabulary is empty");
  if (num_tokens > std::size_t{std::numeric_limits<std::int32_t>::max()}) {
    return InvalidArgument("the vocabulary has " + std::to_string(num_tokens) +
                           " tokens, more than 32-bit ids can name");
  }
  RETURN_IF_ERROR(CheckSize("scores", vocabulary.scores.size(), num_tokens));
  RETURN_IF_ERROR(CheckSize("token types", vocabulary.types.size(), num_tokens));
  RETURN_IF_ERROR(CheckTokens(vocabulary));
  RETURN_IF_ERROR(CheckId("BOS", vocabulary.bos_id, num_tokens));
  RETURN_IF_ERROR(CheckId("EOS", vocabulary.eos_id, num_tokens));
  RETURN_IF_ERROR(CheckId("EOT", vocabulary.eot_id, num_tokens));
  RETURN_IF_ERROR(CheckId("unknown", vocabulary.unknown_id, num_tokens));
  return {};
}

}  // namespace

std::optional<std::uint8_t> ByteOfToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  std::uint8_t byte = 0;
  const char* const end = token.data() + 5;
  const auto parsed = std::from_chars(token.data() + 3, end, byte, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return byte;
}

Result<TokenTable> TokenTable::Make(Vocabulary vocabulary) {
  RETURN_IF_ERROR(Check(vocabulary));
  TokenTable table(std::move(vocabulary));
  if (table.vocabulary_.types.empty()) table.InferTypes();
  table.IndexTokens();
  return table;
}

// A vocabulary without types still has its special tokens.
void TokenTable::InferTypes() {
  const bool has_byte_tokens = vocabulary_.model == "llama";
  vocabulary_.types.assign(vocabulary_.tokens.size(), TokenType::kNormal);
  for (std::size_t i = 0; has_byte_tokens && i < vocabulary_.tokens.size(); ++i) {
    if (ByteOfToken(vocabulary_.tokens[i])) vocabulary_.types[i] = TokenType::kByte;
  }
  for (const std::int32_t id : {vocabulary_.bos_id, vocabulary_.eos_id, vocabulary_.eot_id}) {
    if (id >= 0) vocabulary_.types[Index(id)] = TokenType::kControl;
  }
  if (vocabulary_.unknown_id >= 0) {
    vocabulary_.types[Index(vocabulary_.unknown_id)] = TokenType::kUnknown;
  }
}

void TokenTable::IndexTokens() {
  const bool has_markers = vocabulary_.model == "llama";
  ids_.reserve(vocabulary_.tokens.size());
  for (std::int32_t id = 0; id < size(); ++id) {
    const std::string& text = Text(id);
    const TokenType type = Type(id);
    ids_.emplace(text, id);
    if (IsByName(type)) {
      const std::string name = has_markers ? WithSpaces(text) : text;
      all_names_.Add(name, id);
      if (type == TokenType::kUserDefined) user_defined_names_.Add(name, id);
    }
    if (type == TokenType::kUnknown && vocabulary_.unknown_id < 0) vocabulary_.unknown_id = id;
  }
  if (vocabulary_.eos_id >= 0) ends_.insert(vocabulary_.eos_id);
  if (vocabulary_.eot_id >= 0) ends_.insert(vocabulary_.eot_id);
  for (const std::string_view name : kEndNames) {
    const auto id = Find(name);
    if (id && Type(*id) == TokenType::kControl) ends_.insert(*id);
  }
}

TokenTable::TokenType TokenTable::Type(std::int32_t id) const {
  return vocabulary_.types[Index(id)];
}

std::optional<std::int32_t> TokenTable::Find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::int32_t> TokenTable::Beginning(bool add_bos) const {
  if (!add_bos || !vocabulary_.add_bos || bos_id() < 0) return {};
  return {bos_id()};
}

}  // namespace braid
