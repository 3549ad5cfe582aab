#pragma once

#include "models/tokenizer.h"
#include "models/tokenizer/utf8_stream.h"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace braid {

/// Turns tokens into text as they come, whole characters at a time, and shows it.
/// Thread: one thread.
class TextStream {
 public:
  /// `out` may be null. `begins_text`: nothing was said before, so the space that SentencePiece
  /// puts before the first word of a text is left out.
  TextStream(const Tokenizer& tokenizer, std::ostream* out, bool begins_text)
      : tokenizer_(tokenizer), out_(out), begins_text_(begins_text) {}

  void Add(std::int32_t token);
  /// Shows what was kept back.
  void Finish();

  const std::string& text() const { return text_; }

 private:
  void Show(const std::string& characters);

  const Tokenizer& tokenizer_;
  std::ostream* out_;
  bool begins_text_;
  Utf8Stream characters_;
  std::string text_;
};

}  // namespace braid
