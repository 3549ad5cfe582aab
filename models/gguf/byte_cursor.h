#pragma once

#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace braid {

/// `text` from a file as it may stand in a message: quoted, cut to 80 bytes, without control
/// characters (which would let the file write to the terminal).
std::string Quoted(std::string_view text);

/// Walks little-endian data that nobody vouches for: every read is checked against the end, and
/// an error names the file, what was being read and the offset.
/// Thread: one at a time.
class ByteCursor {
 public:
  /// `name` (the file, in messages) and `bytes` must outlive the cursor.
  ByteCursor(std::span<const std::byte> bytes, std::string_view name)
      : bytes_(bytes), name_(name) {}

  std::uint64_t offset() const { return offset_; }
  std::uint64_t left() const { return bytes_.size() - offset_; }

  /// An InvalidArgument "FILE: at offset N: TEXT".
  Status Error(const std::string& text) const { return ErrorAt(offset_, text); }
  Status ErrorAt(std::uint64_t offset, const std::string& text) const;

  /// Reads one number (or leaves `out` alone and fails). `what` names it in messages.
  template <typename T>
  Status Read(std::string_view what, T& out) {
    if (left() < sizeof(T)) return Truncated(what, sizeof(T));
    std::memcpy(&out, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return {};
  }

  /// Reads `length` bytes as a view into the data.
  Status Take(std::string_view what, std::uint64_t length, std::span<const std::byte>& out);

  /// Reads a GGUF string: 64-bit length, then that many bytes; a view into the data.
  Status ReadString(std::string_view what, std::string_view& out);

 private:
  Status Truncated(std::string_view what, std::uint64_t wanted) const;

  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::uint64_t offset_ = 0;
};

}  // namespace braid
