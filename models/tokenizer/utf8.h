#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// What stands at one place of a byte string that should be UTF-8.
struct Utf8Unit {
  enum class Kind : std::uint8_t {
    kCharacter,   ///< a whole, valid character
    kIncomplete,  ///< the text ends inside what could still become a character
    kInvalid,     ///< bytes that no continuation can make valid
  };
  Kind kind;
  std::size_t num_bytes;  ///< at least 1; of an invalid unit: its maximal subpart
};

/// Looks at the bytes of `text` from `position`, which must lie inside it. Overlong forms,
/// surrogates and what lies beyond U+10FFFF are invalid.
/// Source: The Unicode Standard, table 3-7 and section 3.9 (maximal subparts).
Utf8Unit ReadUtf8(std::string_view text, std::size_t position);

/// Code point of a unit that ReadUtf8 called a character.
char32_t DecodeCharacter(std::string_view character);

/// Appends `code_point`, which must be a Unicode scalar value, to `text`.
void AppendUtf8(char32_t code_point, std::string* text);

/// U+FFFD in UTF-8: stands for bytes that are no text.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

}  // namespace braid
