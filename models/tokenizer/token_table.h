#pragma once

#include "base/status.h"
#include "models/tokenizer.h"
#include "models/tokenizer/token_matcher.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace braid {

/// A vocabulary that has been checked, with what both kinds of tokenizer ask of it.
/// Thread: const; any thread.
class TokenTable {
 public:
  using TokenType = Vocabulary::TokenType;

  /// Checks that sizes agree, ids are in range, types and scores are sane. Where a text occurs
  /// twice among the tokens, the first one is encoded and both are decoded.
  /// Errors: InvalidArgument, naming the part of the vocabulary and the token.
  static Result<TokenTable> Make(Vocabulary vocabulary);

  TokenTable(TokenTable&& other) noexcept = default;
  TokenTable& operator=(TokenTable&& other) noexcept = default;
  TokenTable(const TokenTable&) = delete;  // would index the strings of the other
  TokenTable& operator=(const TokenTable&) = delete;

  std::int32_t size() const { return static_cast<std::int32_t>(vocabulary_.tokens.size()); }
  std::int32_t bos_id() const { return vocabulary_.bos_id; }
  std::int32_t eos_id() const { return vocabulary_.eos_id; }
  std::int32_t unknown_id() const { return vocabulary_.unknown_id; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  /// Gives the merges away: once indexed they need not be kept, and there may be 10 MB of them.
  std::vector<std::string> TakeMerges() { return std::exchange(vocabulary_.merges, {}); }

  bool Contains(std::int32_t id) const { return id >= 0 && id < size(); }
  /// Requires Contains(id).
  const std::string& Text(std::int32_t id) const { return vocabulary_.tokens[Index(id)]; }
  TokenType Type(std::int32_t id) const;
  float Score(std::int32_t id) const { return vocabulary_.scores[Index(id)]; }

  /// The first token whose text is `text`, whatever its type.
  std::optional<std::int32_t> Find(std::string_view text) const;

  /// Tokens that are recognised by their name: user-defined ones in any text, control tokens
  /// only where the text is trusted to hold them.
  const TokenMatcher& Names(bool with_control) const {
    return with_control ? all_names_ : user_defined_names_;
  }

  /// The tokens that Encode begins with.
  std::vector<std::int32_t> Beginning(bool add_bos) const;

  bool IsEndOfGeneration(std::int32_t id) const { return ends_.contains(id); }

 private:
  explicit TokenTable(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

  static std::size_t Index(std::int32_t id) { return static_cast<std::size_t>(id); }
  void InferTypes();
  void IndexTokens();

  Vocabulary vocabulary_;
  // Views into vocabulary_.tokens, whose strings stay where they are when the table moves.
  std::unordered_map<std::string_view, std::int32_t> ids_;
  TokenMatcher user_defined_names_;
  TokenMatcher all_names_;
  std::unordered_set<std::int32_t> ends_;
};

/// The byte that the token "<0xXX>" stands for, if it is one.
std::optional<std::uint8_t> ByteOfToken(std::string_view token);

}  // namespace braid
