#include "models/tokenizer/byte_alphabet.h"

#include "models/tokenizer/utf8.h"

namespace braid {
namespace {

bool StandsForItself(std::uint32_t byte) {
  // U+00AD, the soft hyphen, is Latin-1 but not visible.
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

}  // namespace

ByteAlphabet::ByteAlphabet() {
  bytes_.fill(-1);
  char32_t next_free = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const char32_t code_point = StandsForItself(byte) ? byte : next_free++;
    AppendUtf8(code_point, &characters_[byte]);
    bytes_[code_point] = static_cast<std::int16_t>(byte);
  }
}

std::string ByteAlphabet::ToBytes(std::string_view token) const {
  std::string bytes;
  bytes.reserve(token.size());
  std::size_t position = 0;
  while (position < token.size()) {
    const Utf8Unit unit = ReadUtf8(token, position);
    const std::string_view character = token.substr(position, unit.num_bytes);
    position += unit.num_bytes;
    const char32_t code_point =
        unit.kind == Utf8Unit::Kind::kCharacter ? DecodeCharacter(character) : kNumCodePoints;
    if (code_point < kNumCodePoints && bytes_[code_point] >= 0) {
      bytes.push_back(static_cast<char>(bytes_[code_point]));
    } else {
      bytes.append(character);
    }
  }
  return bytes;
}

std::string ByteAlphabet::FromBytes(std::string_view bytes) const {
  std::string token;
  for (const char byte : bytes) token.append(CharacterOf(static_cast<std::uint8_t>(byte)));
  return token;
}

}  // namespace braid
