#include "base/hash.h"

#include <cstring>

namespace braid {

void Hasher::Add(std::span<const std::byte> bytes) {
  std::size_t offset = 0;
  for (; offset + 8 <= bytes.size(); offset += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + offset, 8);
    Add(word);
  }
  std::uint64_t tail = 0;
  if (offset < bytes.size()) std::memcpy(&tail, bytes.data() + offset, bytes.size() - offset);
  // The length enters too, so that trailing zeros count.
  Add(tail);
  Add(static_cast<std::uint64_t>(bytes.size()));
}

std::uint64_t Hasher::Value() const {
  std::uint64_t value = state_;
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  value ^= value >> 33;
  return value;
}

std::uint64_t HashBytes(std::span<const std::byte> bytes) {
  Hasher hasher;
  hasher.Add(bytes);
  return hasher.Value();
}

}  // namespace braid
