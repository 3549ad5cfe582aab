#include "models/gguf/byte_cursor.h"

namespace braid {

std::string Quoted(std::string_view text) {
  constexpr std::size_t kMaxShown = 80;
  std::string shown = "\"";
  for (const char c : text.substr(0, kMaxShown)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return shown + (text.size() > kMaxShown ? "...\"" : "\"");
}

Status ByteCursor::ErrorAt(std::uint64_t offset, const std::string& text) const {
  return InvalidArgument(std::string(name_) + ": at offset " + std::to_string(offset) + ": " +
                         text);
}

Status ByteCursor::Truncated(std::string_view what, std::uint64_t wanted) const {
  return Error(std::string(what) + " needs " + std::to_string(wanted) + " bytes, but only " +
               std::to_string(left()) +
               " are left; the file is truncated or damaged, fetch it again");
}

Status ByteCursor::Take(std::string_view what, std::uint64_t length,
                        std::span<const std::byte>& out) {
  if (length > left()) return Truncated(what, length);
  out = bytes_.subspan(offset_, length);
  offset_ += length;
  return {};
}

Status ByteCursor::ReadString(std::string_view what, std::string_view& out) {
  const std::uint64_t begin = offset_;
  std::uint64_t length = 0;
  RETURN_IF_ERROR(Read(what, length));
  std::span<const std::byte> bytes;
  Status status = Take(what, length, bytes);
  if (!status.ok()) {
    offset_ = begin;
    return status;
  }
  out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return {};
}

}  // namespace braid
