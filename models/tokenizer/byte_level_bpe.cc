#include "models/tokenizer/byte_level_bpe.h"

#include "models/tokenizer/utf8.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace braid {
namespace {

using TokenType = Vocabulary::TokenType;

std::uint64_t PairKey(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

Status BadMerge(std::size_t rank, const std::string& merge, const std::string& why) {
  return InvalidArgument("merge " + std::to_string(rank) + " of the vocabulary, '" + merge + "', " +
                         why);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ByteLevelBpeTokenizer::Make(TokenTable table) {
  ASSIGN_OR_RETURN(PreTokenizer pre_tokenizer,
                   PreTokenizer::Make(table.vocabulary().pre_tokenizer));
  std::unique_ptr<ByteLevelBpeTokenizer> made(
      new ByteLevelBpeTokenizer(std::move(table), std::move(pre_tokenizer)));
  RETURN_IF_ERROR(made->IndexBytes());
  RETURN_IF_ERROR(made->IndexMerges());
  RETURN_IF_ERROR(made->ChooseSubstitute());
  return std::unique_ptr<Tokenizer>(std::move(made));
}

Status ByteLevelBpeTokenizer::IndexBytes() {
  byte_ids_.fill(-1);
  bool has_any = false;
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const auto id = table_.Find(alphabet_.CharacterOf(static_cast<std::uint8_t>(byte)));
    if (!id || table_.Type(*id) != TokenType::kNormal) continue;
    byte_ids_[byte] = *id;
    has_any = true;
  }
  if (has_any) return {};
  return InvalidArgument(
      "the vocabulary is of the byte-level kind ('gpt2') but none of its tokens is a single byte");
}

Status ByteLevelBpeTokenizer::IndexMerges() {
  const std::vector<std::string> merges = table_.TakeMerges();
  merges_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string& merge = merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (merge.empty() || space == std::string::npos || space + 1 == merge.size()) {
      return BadMerge(rank, merge, "is not two tokens with a space between them");
    }
    const std::string left = merge.substr(0, space);
    const std::string right = merge.substr(space + 1);
    const auto left_id = table_.Find(left);
    const auto right_id = table_.Find(right);
    const auto merged_id = table_.Find(left + right);
    if (!left_id || !right_id || !merged_id) {
      const std::string& missing = !left_id ? left : !right_id ? right : left + right;
      return BadMerge(rank, merge, "needs the token '" + missing + "', which is not there");
    }
    merges_.try_emplace(PairKey(*left_id, *right_id),
                        PairMerger::Merge{static_cast<double>(rank), *merged_id});
  }
  return {};
}

Status ByteLevelBpeTokenizer::ChooseSubstitute() {
  const auto missing = std::find(byte_ids_.begin(), byte_ids_.end(), -1);
  if (missing == byte_ids_.end()) return {};
  const bool can_replace =
      std::all_of(kReplacementCharacter.begin(), kReplacementCharacter.end(),
                  [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)] >= 0; });
  if (can_replace) {
    PairMerger merger;
    EncodeWord(kReplacementCharacter, &merger, &substitute_);
  } else if (table_.unknown_id() >= 0) {
    substitute_ = {table_.unknown_id()};
  } else {
    return InvalidArgument("the vocabulary has no token for the byte " +
                           std::to_string(missing - byte_ids_.begin()) +
                           ", none for U+FFFD and no unknown token, so some texts could not be "
                           "encoded");
  }
  return {};
}

std::vector<std::int32_t> ByteLevelBpeTokenizer::Encode(std::string_view text, bool parse_special,
                                                        bool add_bos) const {
  std::vector<std::int32_t> ids = table_.Beginning(add_bos);
  PairMerger merger;
  for (const TokenMatcher::Fragment& fragment : table_.Names(parse_special).Split(text)) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
      continue;
    }
    for (const std::string_view word : pre_tokenizer_.Split(fragment.text)) {
      EncodeWord(word, &merger, &ids);
    }
  }
  return ids;
}

void ByteLevelBpeTokenizer::EncodeWord(std::string_view word, PairMerger* merger,
                                       std::vector<std::int32_t>* ids) const {
  using Symbol = PairMerger::Symbol;
  if (pre_tokenizer_.whole_words_first()) {
    const auto id = table_.Find(alphabet_.FromBytes(word));
    if (id && table_.Type(*id) == TokenType::kNormal) {
      ids->push_back(*id);
      return;
    }
  }
  merger->Clear();
  for (const char byte : word) merger->Append(1, byte_ids_[static_cast<unsigned char>(byte)]);
  merger->Run([this](const Symbol& left, const Symbol& right) -> std::optional<PairMerger::Merge> {
    // A byte without a token has the id -1, which no merge names.
    const auto found = merges_.find(PairKey(left.id, right.id));
    if (found == merges_.end()) return std::nullopt;
    return found->second;
  });
  merger->ForEach([&](const Symbol& symbol) {
    if (symbol.id >= 0) {
      ids->push_back(symbol.id);
    } else {
      ids->insert(ids->end(), substitute_.begin(), substitute_.end());
    }
  });
}

std::string ByteLevelBpeTokenizer::Decode(std::int32_t id) const {
  if (!table_.Contains(id)) return {};
  switch (table_.Type(id)) {
    case TokenType::kControl:
      return {};
    case TokenType::kUnknown:
      return std::string(kReplacementCharacter);
    case TokenType::kUserDefined:
      return table_.Text(id);  // added to the vocabulary as plain text
    case TokenType::kNormal:
    case TokenType::kUnused:
    case TokenType::kByte:
      break;
  }
  return alphabet_.ToBytes(table_.Text(id));
}

std::string ByteLevelBpeTokenizer::DecodeAll(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const std::int32_t id : ids) text += Decode(id);
  return text;
}

}  // namespace braid
