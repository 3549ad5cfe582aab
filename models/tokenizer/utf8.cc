#include "models/tokenizer/utf8.h"

namespace braid {
namespace {

std::uint32_t ByteAt(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

// What the first byte of a character demands of those behind it. Only the second byte has limits
// that depend on the first; num_bytes 0: no character begins with this byte.
struct Lead {
  std::size_t num_bytes;
  std::uint32_t second_min;
  std::uint32_t second_max;
};

Lead ClassifyLead(std::uint32_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Unit ReadUtf8(std::string_view text, std::size_t position) {
  const Lead lead = ClassifyLead(ByteAt(text, position));
  if (lead.num_bytes == 0) return {Utf8Unit::Kind::kInvalid, 1};
  for (std::size_t i = 1; i < lead.num_bytes; ++i) {
    if (position + i >= text.size()) return {Utf8Unit::Kind::kIncomplete, i};
    const std::uint32_t byte = ByteAt(text, position + i);
    const std::uint32_t min = i == 1 ? lead.second_min : 0x80;
    const std::uint32_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte < min || byte > max) return {Utf8Unit::Kind::kInvalid, i};
  }
  return {Utf8Unit::Kind::kCharacter, lead.num_bytes};
}

char32_t DecodeCharacter(std::string_view character) {
  const std::uint32_t first = ByteAt(character, 0);
  if (character.size() == 1) return first;
  // The lead byte of an n-byte character holds 7 - n bits of its number.
  std::uint32_t code_point = first & ((1u << (7 - character.size())) - 1);
  for (std::size_t i = 1; i < character.size(); ++i) {
    code_point = (code_point << 6) | (ByteAt(character, i) & 0x3F);
  }
  return code_point;
}

void AppendUtf8(char32_t code_point, std::string* text) {
  const auto append = [text](std::uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  const std::uint32_t c = code_point;
  if (c < 0x80) {
    append(c);
  } else if (c < 0x800) {
    append(0xC0 | (c >> 6));
    append(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    append(0xE0 | (c >> 12));
    append(0x80 | ((c >> 6) & 0x3F));
    append(0x80 | (c & 0x3F));
  } else {
    append(0xF0 | (c >> 18));
    append(0x80 | ((c >> 12) & 0x3F));
    append(0x80 | ((c >> 6) & 0x3F));
    append(0x80 | (c & 0x3F));
  }
}

}  // namespace braid
