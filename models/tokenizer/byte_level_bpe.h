#pragma once

#include "models/tokenizer.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/pair_merger.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/token_table.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace braid {

/// GPT-2's byte-level BPE: text is cut into words, each word is its bytes, and neighbours merge
/// in the order of a ranked list.
/// Some vocabularies (SmolLM2's) lack tokens for bytes that hardly occur in text; such a byte is
/// encoded as U+FFFD, or as the unknown token where U+FFFD has no tokens either.
/// Thread: const; any thread.
class ByteLevelBpeTokenizer final : public Tokenizer {
 public:
  /// Errors: InvalidArgument where a merge is malformed or names tokens that are not in the
  /// vocabulary, the pre-tokenizer is not known, or some byte could not be encoded at all.
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
  ByteLevelBpeTokenizer(TokenTable table, PreTokenizer pre_tokenizer)
      : table_(std::move(table)), pre_tokenizer_(std::move(pre_tokenizer)) {}

  Status IndexBytes();
  Status IndexMerges();
  Status ChooseSubstitute();
  void EncodeWord(std::string_view word, PairMerger* merger, std::vector<std::int32_t>* ids) const;

  TokenTable table_;
  PreTokenizer pre_tokenizer_;
  ByteAlphabet alphabet_;
  std::array<std::int32_t, 256> byte_ids_{};                     // -1: none
  std::unordered_map<std::uint64_t, PairMerger::Merge> merges_;  // by (left id, right id)
  std::vector<std::int32_t> substitute_;                         // for bytes without a token
};

}  // namespace braid
