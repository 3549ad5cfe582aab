#pragma once

#include <string>
#include <string_view>

namespace braid {

/// Makes valid UTF-8 of bytes that come in pieces: a character may be spread over several tokens,
/// and a terminal must not be shown half of one. Bytes that cannot become a character are shown as
/// U+FFFD, one for each maximal subpart.
/// Thread: one thread at a time.
class Utf8Stream {
 public:
  /// Takes the bytes of the next token; returns the characters that are whole by now. Keeps back
  /// at most three bytes.
  std::string Push(std::string_view bytes);

  /// Ends the text: what was kept back can no longer become a character. The stream may be used
  /// again afterwards.
  std::string Finish();

 private:
  std::string pending_;
};

}  // namespace braid
