#pragma once

#include "base/status.h"

#include <cstddef>
#include <span>

namespace braid {

/// Zeroed memory of this process alone, page-aligned, in huge pages where the machine has them
/// (first touch is several times faster, and matrices need few TLB entries).
/// Thread: as any memory.
class PrivateMemory {
 public:
  PrivateMemory() = default;
  /// Errors: OutOfMemory.
  static Result<PrivateMemory> Make(std::size_t size);

  PrivateMemory(PrivateMemory&& other) noexcept;
  PrivateMemory& operator=(PrivateMemory&& other) noexcept;
  PrivateMemory(const PrivateMemory&) = delete;
  PrivateMemory& operator=(const PrivateMemory&) = delete;
  ~PrivateMemory();

  std::span<std::byte> bytes() { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace braid
