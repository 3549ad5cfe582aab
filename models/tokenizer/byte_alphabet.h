#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// The alphabet in which byte-level vocabularies write their tokens: each byte is one visible
/// character, so that tokens are valid, printable UTF-8 whatever bytes they stand for. Printable
/// ASCII and printable Latin-1 stand for themselves; the other 68 bytes are U+0100 and on, in
/// order (a space is U+0120, "Ġ").
/// Source: GPT-2's encoder.
/// Thread: const; any thread.
class ByteAlphabet {
 public:
  ByteAlphabet();

  /// The character of `byte`, in UTF-8.
  const std::string& CharacterOf(std::uint8_t byte) const { return characters_[byte]; }

  /// Bytes that `token` stands for. Characters outside the alphabet (which only hand-made
  /// vocabularies have) stand for their own UTF-8.
  std::string ToBytes(std::string_view token) const;

  /// `bytes` as a vocabulary writes them.
  std::string FromBytes(std::string_view bytes) const;

 private:
  static constexpr char32_t kNumCodePoints = 0x100 + 68;

  std::array<std::string, 256> characters_;
  std::array<std::int16_t, kNumCodePoints> bytes_;  // by code point; -1: not in the alphabet
};

}  // namespace braid
