#pragma once

#include "models/tokenizer.h"
#include "models/tokenizer/token_table.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace braid {

/// SentencePiece's BPE as Llama and Mistral use it: spaces become U+2581, of all neighbours that
/// form a piece of the vocabulary those of the best score merge first, and characters that are no
/// piece are spelt in byte tokens.
/// A literal U+2581 in a text is taken for a space, as by SentencePiece itself.
/// Thread: const; any thread.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  /// Errors: InvalidArgument without scores, or where some byte could not be encoded at all.
  static Result<std::unique_ptr<Tokenizer>> Make(TokenTable table);

  /// Cost: O(n log n) for n bytes.
  std::vector<std::int32_t> Encode(std::string_view text, bool parse_special,
                                   bool add_bos) const override;
  std::string Decode(std::int32_t id) const override;
  std::string DecodeAll(std::span<const std::int32_t> ids) const override;
  std::int32_t vocab_size() const override { return table_.size(); }
  std::int32_t bos_id() const override { return table_.bos_id(); }
  std::int32_t eos_id() const override { return table_.eos_id(); }
  bool IsEndOfGeneration(std::int32_t id) const override { return table_.IsEndOfGeneration(id); }

 private:
  explicit SentencePieceTokenizer(TokenTable table) : table_(std::move(table)) {}

  void IndexPieces();
  Status CheckBytes() const;
  // `marked`: text with markers for spaces.
  void EncodeMarked(std::string_view marked, std::vector<std::int32_t>* ids) const;
  void SpellOut(std::string_view character, std::vector<std::int32_t>* ids) const;
  std::int32_t FindPiece(std::string_view text) const;

  TokenTable table_;
  std::unordered_map<std::string_view, std::int32_t> pieces_;  // what text may merge into
  std::size_t longest_piece_bytes_ = 0;
  std::array<std::int32_t, 256> byte_ids_{};  // -1: none
};

}  // namespace braid
