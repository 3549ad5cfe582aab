#include "models/tokenizer/space_marker.h"

namespace braid {

void AppendWithMarkers(std::string_view text, std::string* marked) {
  for (const char byte : text) {
    if (byte == ' ') {
      marked->append(kSpaceMarker);
    } else {
      marked->push_back(byte);
    }
  }
}

std::string WithSpaces(std::string_view token) {
  std::string text;
  std::size_t begin = 0;
  while (true) {
    const std::size_t marker = token.find(kSpaceMarker, begin);
    text.append(token.substr(begin, marker - begin));
    if (marker == std::string_view::npos) return text;
    text.push_back(' ');
    begin = marker + kSpaceMarker.size();
  }
}

}  // namespace braid
