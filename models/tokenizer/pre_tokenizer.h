#pragma once

#include "base/status.h"
#include "models/tokenizer/regex.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Cuts text into the words that byte-level BPE may not merge across.
/// Thread: const; any thread.
class PreTokenizer {
 public:
  /// The pre-tokenizer that GGUF calls `name` (tokenizer.ggml.pre). Empty means "default".
  /// Errors: InvalidArgument for a name that is not known; the message lists those that are.
  static Result<PreTokenizer> Make(std::string_view name);

  /// Views into `text`, in order, that together are `text`. Each byte that is not part of a valid
  /// character is a word of its own.
  /// Cost: linear in the text.
  std::vector<std::string_view> Split(std::string_view text) const;

  /// True where a word that is a token as a whole becomes that token, whatever the merges say
  /// (Llama 3).
  bool whole_words_first() const { return whole_words_first_; }

 private:
  // Cuts `text`, which is valid UTF-8, at the matches of the first of `matchers` and hands what
  // lies in and between them to the others.
  static void SplitWith(std::span<const Regex::Matcher> matchers, std::string_view text,
                        std::vector<std::string_view>* words);

  std::vector<Regex> stages_;
  bool whole_words_first_ = false;
};

}  // namespace braid
