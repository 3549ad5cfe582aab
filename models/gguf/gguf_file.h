#pragma once

#include "base/status.h"
#include "models/gguf/file_bytes.h"
#include "models/gguf/tensor_type.h"
#include "models/gguf/value.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Where a tensor lies in a GGUF file.
struct GgufTensor {
  std::string_view name;            ///< in the file's bytes
  const GgufTensorType* type;       ///< never null
  std::vector<std::uint64_t> dims;  ///< 1 to 4, each > 0, as stored: the fastest-running first
  std::uint64_t offset = 0;         ///< from the start of the file; aligned as the file says
  std::uint64_t bytes = 0;          ///< [offset, offset + bytes) lies within the file

  /// "[576, 49152]".
  std::string ShapeText() const;
};

/// A GGUF file, version 2 or 3, little endian: its metadata and its table of tensors. Everything
/// the file says about itself is checked when it is opened; afterwards views into it are safe.
/// What a model needs, and whether we can run it, is not asked here: see spec_from_gguf.h.
/// Thread: const methods from any thread. Values and tensors are views: the file must outlive them.
class GgufFile {
 public:
  /// Maps and checks the file at `path`. Cost: touches the header's pages only.
  /// Errors: those of FileBytes::Map; InvalidArgument with file, offset and what is wrong.
  static Result<GgufFile> Open(const std::string& path);

  /// The same from memory that outlives the object; `name` stands for the path in messages.
  static Result<GgufFile> FromMemory(std::span<const std::byte> bytes, std::string name);

  const std::string& name() const { return bytes_.name(); }
  const FileBytes& bytes() const { return bytes_; }
  std::uint32_t version() const { return version_; }
  std::uint64_t data_offset() const { return data_offset_; }  ///< end of the header, aligned

  /// Metadata keys and values in the order of the file.
  const std::vector<std::pair<std::string_view, GgufValue>>& metadata() const { return metadata_; }
  /// Tensors in the order of the file.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  /// nullptr where the file has no such key or tensor.
  const GgufValue* FindValue(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view tensor_name) const;

 private:
  explicit GgufFile(FileBytes bytes) : bytes_(std::move(bytes)) {}

  static Result<GgufFile> Parse(FileBytes bytes);
  Status ReadHead(ByteCursor& cursor, std::uint64_t& num_tensors, std::uint64_t& num_values);
  Status ReadMetadata(ByteCursor& cursor, std::uint64_t count);
  Status ReadTensorTable(ByteCursor& cursor, std::uint64_t count);
  Status ReadTensor(ByteCursor& cursor);
  Status PlaceTensors(const ByteCursor& cursor);
  Status CheckOverlaps() const;

  FileBytes bytes_;
  std::uint32_t version_ = 0;
  std::uint64_t alignment_ = 32;
  std::uint64_t data_offset_ = 0;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string_view, std::size_t> value_index_;
  std::map<std::string_view, std::size_t> tensor_index_;
};

}  // namespace braid
