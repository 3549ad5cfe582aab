#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A vocabulary as a model file states it (GGUF's tokenizer.ggml.*); nothing is checked yet.
struct Vocabulary {
  /// GGUF's token types.
  enum class TokenType : std::uint8_t {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6,
  };

  std::string model;          ///< "llama" (SentencePiece-style BPE) or "gpt2" (byte-level BPE)
  std::string pre_tokenizer;  ///< tokenizer.ggml.pre: "smollm", "qwen2", "llama-bpe", "default"...
  std::vector<std::string> tokens;
  std::vector<float> scores;        ///< empty or one a token
  std::vector<TokenType> types;     ///< empty or one a token
  std::vector<std::string> merges;  ///< byte-level BPE: "left right", best first
  std::int32_t bos_id = -1;         ///< -1: none
  std::int32_t eos_id = -1;
  std::int32_t eot_id = -1;
  std::int32_t unknown_id = -1;
  bool add_bos = false;
  bool add_space_prefix = true;  ///< SentencePiece
  std::string chat_template;     ///< Jinja source, or empty
};

/// Turns text into token ids and back.
/// Thread: const; any thread.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Checks the vocabulary and builds the tokenizer that it asks for.
  /// Errors: InvalidArgument where parts of the vocabulary disagree or its kind is not known.
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary);

  /// Ids of `text`. `parse_special`: names of control tokens in the text ("<|im_start|>") become
  /// those tokens; otherwise they are ordinary text. User-defined tokens are recognised in any
  /// text; of names that begin at one place the longest counts. `add_bos`: puts the BOS token
  /// first if the vocabulary asks for one. Any bytes are accepted, valid UTF-8 or not.
  virtual std::vector<std::int32_t> Encode(std::string_view text, bool parse_special,
                                           bool add_bos) const = 0;

  /// Bytes of one token as they stand in running text; empty for control tokens and for ids that
  /// are not in the vocabulary, U+FFFD for the unknown token. A character may be spread over
  /// several tokens: see models/tokenizer/utf8_stream.h for showing text as it comes.
  virtual std::string Decode(std::int32_t id) const = 0;

  /// Text of a whole sequence, without the space that SentencePiece puts before its first word.
  virtual std::string DecodeAll(std::span<const std::int32_t> ids) const = 0;

  virtual std::int32_t vocab_size() const = 0;
  virtual std::int32_t bos_id() const = 0;  ///< -1: none
  virtual std::int32_t eos_id() const = 0;  ///< -1: none

  /// True for the tokens that end a generation: EOS, EOT, and the end-of-turn token of the known
  /// chat formats.
  virtual bool IsEndOfGeneration(std::int32_t id) const = 0;
};

}  // namespace braid
