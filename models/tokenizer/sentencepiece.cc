#include "models/tokenizer/sentencepiece.h"

#include "models/tokenizer/pair_merger.h"
#include "models/tokenizer/space_marker.h"
#include "models/tokenizer/utf8.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace braid {

using TokenType = Vocabulary::TokenType;

Result<std::unique_ptr<Tokenizer>> SentencePieceTokenizer::Make(TokenTable table) {
  if (table.vocabulary().scores.empty()) {
    return InvalidArgument(
        "the vocabulary has no scores (tokenizer.ggml.scores), without which a tokenizer of the "
        "kind 'llama' cannot merge");
  }
  std::unique_ptr<SentencePieceTokenizer> made(new SentencePieceTokenizer(std::move(table)));
  made->IndexPieces();
  RETURN_IF_ERROR(made->CheckBytes());
  return std::unique_ptr<Tokenizer>(std::move(made));
}

void SentencePieceTokenizer::IndexPieces() {
  byte_ids_.fill(-1);
  for (std::int32_t id = 0; id < table_.size(); ++id) {
    const std::string& text = table_.Text(id);
    const TokenType type = table_.Type(id);
    if (type == TokenType::kByte) {
      const auto byte = ByteOfToken(text);
      if (byte && byte_ids_[*byte] < 0) byte_ids_[*byte] = id;
    } else if (!text.empty() && (type == TokenType::kNormal || type == TokenType::kUserDefined)) {
      // Text never becomes a control token by merging, whatever the vocabulary is called.
      pieces_.emplace(text, id);
      longest_piece_bytes_ = std::max(longest_piece_bytes_, text.size());
    }
  }
}

Status SentencePieceTokenizer::CheckBytes() const {
  for (std::int32_t id = 0; id < table_.size(); ++id) {
    if (table_.Type(id) == TokenType::kByte && !ByteOfToken(table_.Text(id))) {
      return InvalidArgument("token " + std::to_string(id) + " is a byte token but its text is '" +
                             table_.Text(id) + "' and not of the form <0xXX>");
    }
  }
  const auto missing = std::find(byte_ids_.begin(), byte_ids_.end(), -1);
  if (missing != byte_ids_.end() && table_.unknown_id() < 0) {
    return InvalidArgument("the vocabulary has neither a token for the byte " +
                           std::to_string(missing - byte_ids_.begin()) +
                           " nor an unknown token, so some texts could not be encoded");
  }
  return {};
}

std::int32_t SentencePieceTokenizer::FindPiece(std::string_view text) const {
  if (text.size() > longest_piece_bytes_) return -1;
  const auto found = pieces_.find(text);
  return found == pieces_.end() ? -1 : found->second;
}

std::vector<std::int32_t> SentencePieceTokenizer::Encode(std::string_view text, bool parse_special,
                                                         bool add_bos) const {
  std::vector<std::int32_t> ids = table_.Beginning(add_bos);
  const bool add_space = table_.vocabulary().add_space_prefix;
  bool begins_text = true;  // also behind a control token, which is no part of the text
  for (const TokenMatcher::Fragment& fragment : table_.Names(parse_special).Split(text)) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
      begins_text = table_.Type(fragment.id) != TokenType::kUserDefined;
      continue;
    }
    std::string marked;
    if (add_space && begins_text) marked = kSpaceMarker;
    AppendWithMarkers(fragment.text, &marked);
    EncodeMarked(marked, &ids);
    begins_text = false;
  }
  return ids;
}

void SentencePieceTokenizer::EncodeMarked(std::string_view marked,
                                          std::vector<std::int32_t>* ids) const {
  using Symbol = PairMerger::Symbol;
  PairMerger merger;
  for (std::size_t position = 0; position < marked.size();) {
    const Utf8Unit unit = ReadUtf8(marked, position);
    // Bytes that are no character stand alone, so that each is spelt as itself.
    const std::size_t num_bytes =
        unit.kind == Utf8Unit::Kind::kCharacter ? unit.num_bytes : std::size_t{1};
    merger.Append(num_bytes, FindPiece(marked.substr(position, num_bytes)));
    position += num_bytes;
  }
  merger.Run([&](const Symbol& left, const Symbol& right) -> std::optional<PairMerger::Merge> {
    const std::int32_t id = FindPiece(marked.substr(left.begin, left.num_bytes + right.num_bytes));
    if (id < 0) return std::nullopt;
    return PairMerger::Merge{-static_cast<double>(table_.Score(id)), id};
  });
  merger.ForEach([&](const Symbol& symbol) {
    if (symbol.id >= 0) {
      ids->push_back(symbol.id);
    } else {
      SpellOut(marked.substr(symbol.begin, symbol.num_bytes), ids);
    }
  });
}

void SentencePieceTokenizer::SpellOut(std::string_view character,
                                      std::vector<std::int32_t>* ids) const {
  // A marker that is no piece is the space that it stands for, not three bytes of U+2581.
  if (character == kSpaceMarker) character = " ";
  const auto byte_id = [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(character.begin(), character.end(),
                  [&](char byte) { return byte_id(byte) < 0; })) {
    ids->push_back(table_.unknown_id());
    return;
  }
  for (const char byte : character) ids->push_back(byte_id(byte));
}

std::string SentencePieceTokenizer::Decode(std::int32_t id) const {
  if (!table_.Contains(id)) return {};
  switch (table_.Type(id)) {
    case TokenType::kControl:
      return {};
    case TokenType::kUnknown:
      return std::string(kReplacementCharacter);
    case TokenType::kByte:
      return std::string(1, static_cast<char>(ByteOfToken(table_.Text(id)).value_or(0)));
    case TokenType::kNormal:
    case TokenType::kUserDefined:
    case TokenType::kUnused:
      break;
  }
  return WithSpaces(table_.Text(id));
}

std::string SentencePieceTokenizer::DecodeAll(std::span<const std::int32_t> ids) const {
  std::string text;
  bool may_have_prefix = table_.vocabulary().add_space_prefix;
  for (const std::int32_t id : ids) {
    std::string piece = Decode(id);
    if (piece.empty()) continue;
    // Encode puts no space before a user-defined token: one there is the token's own.
    if (may_have_prefix && piece.front() == ' ' && table_.Type(id) != TokenType::kUserDefined) {
      piece.erase(0, 1);
    }
    may_have_prefix = false;
    text += piece;
  }
  return text;
}

}  // namespace braid
