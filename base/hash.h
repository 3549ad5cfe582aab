#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {

/// 64-bit content hash (FNV-1a over 8-byte words with a final mix): tells different data from
/// accident, not from malice. Same value on every little-endian machine. About 1 byte a cycle.
class Hasher {
 public:
  void Add(std::span<const std::byte> bytes);
  /// Adds an integer by value, so that padding never enters.
  void Add(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x100000001b3ULL;
    state_ ^= std::rotl(state_, 29);
  }
  std::uint64_t Value() const;

 private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

std::uint64_t HashBytes(std::span<const std::byte> bytes);

}  // namespace braid
