#include "models/gguf/fingerprint.h"

#include "base/hash.h"

#include <algorithm>
#include <vector>

namespace braid {
namespace {

constexpr std::uint64_t kSampleBytes = 4096;
constexpr std::uint64_t kSamples = 8;
constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;

/// Hashes pieces of one file, with one buffer for all.
class FileHasher {
 public:
  explicit FileHasher(const FileBytes& file) : file_(file) {}

  Status Add(std::uint64_t offset, std::uint64_t length) {
    while (length > 0) {
      const std::uint64_t part = std::min(length, kChunkBytes);
      buffer_.resize(part);
      RETURN_IF_ERROR(file_.ReadAt(offset, buffer_));
      hasher_.Add(buffer_);
      offset += part;
      length -= part;
    }
    return {};
  }

  Hasher& hasher() { return hasher_; }

 private:
  const FileBytes& file_;
  Hasher hasher_;
  std::vector<std::byte> buffer_;
};

Status AddTensor(const GgufTensor& tensor, FileHasher& hasher) {
  if (tensor.bytes <= kSamples * kSampleBytes) return hasher.Add(tensor.offset, tensor.bytes);
  const std::uint64_t last = tensor.bytes - kSampleBytes;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    // The divided form, since last * i could overflow.
    const std::uint64_t begin = last / (kSamples - 1) * i;
    RETURN_IF_ERROR(hasher.Add(tensor.offset + (i + 1 == kSamples ? last : begin), kSampleBytes));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> Fingerprint(const GgufFile& file) {
  FileHasher hasher(file.bytes());
  hasher.hasher().Add(file.bytes().size());
  // A file of metadata alone may end before its data section would start.
  RETURN_IF_ERROR(hasher.Add(0, std::min(file.data_offset(), file.bytes().size())));
  for (const GgufTensor& tensor : file.tensors()) RETURN_IF_ERROR(AddTensor(tensor, hasher));
  return hasher.hasher().Value();
}

}  // namespace braid
