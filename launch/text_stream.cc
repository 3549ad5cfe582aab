#include "launch/text_stream.h"

#include <ostream>
#include <span>

namespace braid {

void TextStream::Add(std::int32_t token) {
  std::string bytes;
  if (begins_text_) {
    bytes = tokenizer_.DecodeAll(std::span(&token, 1));
    begins_text_ = false;
  } else {
    bytes = tokenizer_.Decode(token);
  }
  Show(characters_.Push(bytes));
}

void TextStream::Finish() { Show(characters_.Finish()); }

void TextStream::Show(const std::string& characters) {
  text_ += characters;
  if (out_ != nullptr && !characters.empty()) *out_ << characters << std::flush;
}

}  // namespace braid
