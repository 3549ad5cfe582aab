#include "models/tokenizer/utf8_stream.h"

#include "models/tokenizer/utf8.h"

#include <utility>

namespace braid {

std::string Utf8Stream::Push(std::string_view bytes) {
  pending_.append(bytes);
  const std::string text = std::exchange(pending_, {});
  std::string whole;
  std::size_t position = 0;
  while (position < text.size()) {
    const Utf8Unit unit = ReadUtf8(text, position);
    switch (unit.kind) {
      case Utf8Unit::Kind::kCharacter:
        whole.append(text, position, unit.num_bytes);
        break;
      case Utf8Unit::Kind::kInvalid:
        whole.append(kReplacementCharacter);
        break;
      case Utf8Unit::Kind::kIncomplete:
        pending_.assign(text, position);
        break;
    }
    position += unit.num_bytes;
  }
  return whole;
}

std::string Utf8Stream::Finish() {
  return std::exchange(pending_, {}).empty() ? std::string() : std::string(kReplacementCharacter);
}

}  // namespace braid
