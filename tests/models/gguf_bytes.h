#pragma once

#include "models/gguf/gguf_file.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace braid {

/// Lays out GGUF files by hand, right or wrong, for tests of the reader.
class GgufBytes {
 public:
  GgufBytes& Head(std::uint32_t version, std::uint64_t num_tensors, std::uint64_t num_values) {
    return Text("GGUF").Put(version).Put(num_tensors).Put(num_values);
  }
  template <typename T>
  GgufBytes& Put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    return Text({raw, sizeof(T)});
  }
  /// Characters without a length.
  GgufBytes& Text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  GgufBytes& String(std::string_view text) {
    return Put(static_cast<std::uint64_t>(text.size())).Text(text);
  }
  GgufBytes& Tensor(std::string_view name, std::vector<std::uint64_t> dims, std::uint32_t type,
                    std::uint64_t offset) {
    String(name).Put(static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t dim : dims) Put(dim);
    return Put(type).Put(offset);
  }
  /// Pads to 32 bytes, then adds `size` bytes of data.
  GgufBytes& Data(std::size_t size) {
    bytes_.resize((bytes_.size() + 31) / 32 * 32 + size);
    return *this;
  }

  const std::vector<std::byte>& bytes() const { return bytes_; }

  /// Opens what has been laid out; the message of the error, or "" if there is none.
  std::string ErrorOf() const {
    const auto file = GgufFile::FromMemory(bytes_, "test.gguf");
    return file.ok() ? "" : file.error().message();
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace braid
