#pragma once

#include "comm/envelope.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace braid {

/// The 32 bytes that go before every payload; all ranks are the same build on the same kind of
/// machine, so it is sent as it lies in memory.
struct WireHeader {
  std::uint32_t magic = kMagic;
  std::uint32_t channel = 0;
  std::uint32_t operation = 0;
  std::uint32_t reserved = 0;
  std::uint64_t step = 0;
  std::uint64_t bytes = 0;

  static constexpr std::uint32_t kMagic = 0x44415242;  // "BRAD"

  static WireHeader Of(const Envelope& envelope);
  Envelope envelope() const;
};
static_assert(sizeof(WireHeader) == 32);

/// Buffers for a header with a short payload behind it, used over and over: after the first steps
/// no message allocates.
/// Thread: rank thread only.
class StagingPool {
 public:
  explicit StagingPool(std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}

  std::byte* Take();
  void Give(std::byte* buffer) { free_.push_back(buffer); }
  std::size_t buffer_bytes() const { return buffer_bytes_; }

  /// Leaves all buffers to whoever still uses them, for ever.
  void Abandon();

 private:
  std::size_t buffer_bytes_;
  std::vector<std::unique_ptr<std::byte[]>> buffers_;
  std::vector<std::byte*> free_;
};

}  // namespace braid
