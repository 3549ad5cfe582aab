#pragma once

#include "base/status.h"

#include <cstddef>
#include <span>
#include <utility>

namespace braid {

/// Zeroed memory that costs nothing until it is touched: rooms are sized for the worst case and
/// only what a run really uses counts as memory.
/// Thread: as the memory in it.
class LazyMemory {
 public:
  LazyMemory() = default;
  /// Errors: OutOfMemory where the address space or the machine's overcommit limit says no.
  static Result<LazyMemory> Make(std::size_t bytes);

  LazyMemory(LazyMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  LazyMemory& operator=(LazyMemory&& other) noexcept;
  ~LazyMemory();

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }

 private:
  LazyMemory(std::byte* data, std::size_t bytes) : data_(data), bytes_(bytes) {}

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace braid
