#include "models/gguf/gguf_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace braid {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read as it lies in memory");

constexpr std::uint64_t kMaxKeyBytes = 65535;       // the format's own limit
constexpr std::uint64_t kMaxTensorNameBytes = 255;  // the format says 64; be liberal
constexpr std::uint32_t kMaxDims = 4;
// The least a key or a tensor can take in the file; a count is checked against the bytes left.
constexpr std::uint64_t kLeastValueBytes = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 8 + 4 + 8;
// Far above any model; keeps our own tables small where a huge file claims to be all header.
constexpr std::uint64_t kMaxEntries = std::uint64_t{1} << 20;

// What a file that does not start with "GGUF" may be instead.
std::string GuessKind(std::span<const std::byte> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 64));
  if (head.starts_with("version https://git-lfs")) {
    return "it is a Git LFS pointer, fetch the real file with `git lfs pull`";
  }
  if (head.starts_with("<!") || head.starts_with("<html")) {
    return "it is a web page, download the file itself";
  }
  if (head.starts_with("lmgg") || head.starts_with("tjgg") || head.starts_with("fmgg")) {
    return "it is a GGML file from before GGUF, convert the model again";
  }
  if (head.size() > 8 && head[8] == '{') return "it looks like safetensors, convert it to GGUF";
  return "give a model file that ends in .gguf";
}

Status CheckName(const ByteCursor& cursor, std::string_view what, std::string_view name,
                 std::uint64_t max_bytes) {
  if (name.empty())
    return cursor.Error("a " + std::string(what) + " is empty; the file is damaged");
  if (name.size() <= max_bytes) return {};
  return cursor.Error("a " + std::string(what) + " of " + std::to_string(name.size()) +
                      " bytes is longer than the " + std::to_string(max_bytes) +
                      " allowed; the file is damaged");
}

// a * b, or false where it does not fit in 63 bits (so that sums of a few do not overflow either).
bool Multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (b != 0 && a > kMax / b) return false;
  product = a * b;
  return true;
}

// Bytes of a tensor from its shape, or what is wrong with it.
Status MeasureTensor(const ByteCursor& cursor, GgufTensor& tensor) {
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : tensor.dims) {
    if (dim == 0) {
      return cursor.Error("tensor " + Quoted(tensor.name) + " has shape " + tensor.ShapeText() +
                          " with a dimension of zero; the file is damaged");
    }
    if (!Multiply(elements, dim, elements)) {
      return cursor.Error("tensor " + Quoted(tensor.name) + " has shape " + tensor.ShapeText() +
                          ", more numbers than any file holds; the file is damaged");
    }
  }
  if (tensor.dims[0] % tensor.type->block_elements != 0) {
    return cursor.Error("tensor " + Quoted(tensor.name) + " of type " +
                        std::string(tensor.type->name) + " has rows of " +
                        std::to_string(tensor.dims[0]) + " numbers, not a multiple of " +
                        std::to_string(tensor.type->block_elements) + "; the file is damaged");
  }
  if (!Multiply(elements / tensor.type->block_elements, tensor.type->block_bytes, tensor.bytes)) {
    return cursor.Error("tensor " + Quoted(tensor.name) + " has shape " + tensor.ShapeText() +
                        ", more bytes than any file holds; the file is damaged");
  }
  return {};
}

}  // namespace

std::string GgufTensor::ShapeText() const {
  std::string text = "[";
  for (const std::uint64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

Result<GgufFile> GgufFile::Open(const std::string& path) {
  ASSIGN_OR_RETURN(FileBytes bytes, FileBytes::Map(path));
  return Parse(std::move(bytes));
}

Result<GgufFile> GgufFile::FromMemory(std::span<const std::byte> bytes, std::string name) {
  return Parse(FileBytes::Borrow(bytes, std::move(name)));
}

const GgufValue* GgufFile::FindValue(std::string_view key) const {
  const auto found = value_index_.find(key);
  return found == value_index_.end() ? nullptr : &metadata_[found->second].second;
}

const GgufTensor* GgufFile::FindTensor(std::string_view tensor_name) const {
  const auto found = tensor_index_.find(tensor_name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

Result<GgufFile> GgufFile::Parse(FileBytes bytes) {
  GgufFile file(std::move(bytes));
  ByteCursor cursor(file.bytes_.bytes(), file.bytes_.name());
  std::uint64_t num_tensors = 0;
  std::uint64_t num_values = 0;
  RETURN_IF_ERROR(file.ReadHead(cursor, num_tensors, num_values));
  RETURN_IF_ERROR(file.ReadMetadata(cursor, num_values));
  RETURN_IF_ERROR(file.ReadTensorTable(cursor, num_tensors));
  RETURN_IF_ERROR(file.PlaceTensors(cursor));
  RETURN_IF_ERROR(file.CheckOverlaps());
  file.bytes_.ReadOnDemand(file.data_offset_);
  return file;
}

Status GgufFile::ReadHead(ByteCursor& cursor, std::uint64_t& num_tensors,
                          std::uint64_t& num_values) {
  char magic[4] = {};
  const Status short_file = cursor.Read("the file's magic", magic);
  if (!short_file.ok() || std::memcmp(magic, "GGUF", 4) != 0) {
    return InvalidArgument(name() + " is not a GGUF file: " + GuessKind(bytes_.bytes()));
  }
  RETURN_IF_ERROR(cursor.Read("the format version", version_));
  if ((version_ & 0xFFFFU) == 0 && version_ != 0) {
    return InvalidArgument(name() +
                           " is a big-endian GGUF file, which is not supported; convert it to "
                           "little endian");
  }
  if (version_ < 2 || version_ > 3) {
    return InvalidArgument(name() + " is GGUF version " + std::to_string(version_) +
                           "; versions 2 and 3 are supported, convert the model again");
  }
  RETURN_IF_ERROR(cursor.Read("the number of tensors", num_tensors));
  RETURN_IF_ERROR(cursor.Read("the number of metadata keys", num_values));
  if (num_values > cursor.left() / kLeastValueBytes ||
      num_tensors > cursor.left() / kLeastTensorBytes || num_values > kMaxEntries ||
      num_tensors > kMaxEntries) {
    return cursor.Error(std::to_string(num_values) + " metadata keys and " +
                        std::to_string(num_tensors) + " tensors cannot fit in the " +
                        std::to_string(cursor.left()) + " bytes left or exceed the limit of " +
                        std::to_string(kMaxEntries) +
                        "; the file is truncated or damaged, fetch it again");
  }
  return {};
}

Status GgufFile::ReadMetadata(ByteCursor& cursor, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t begin = cursor.offset();
    std::string_view key;
    RETURN_IF_ERROR(cursor.ReadString("a metadata key", key));
    RETURN_IF_ERROR(CheckName(cursor, "metadata key", key, kMaxKeyBytes));
    std::uint32_t type = 0;
    RETURN_IF_ERROR(cursor.Read("the type of a metadata value", type));
    if (type > static_cast<std::uint32_t>(GgufValueType::kFloat64)) {
      return cursor.ErrorAt(begin, "metadata key " + Quoted(key) + " has unknown value type " +
                                       std::to_string(type) +
                                       "; the file is damaged or of a newer format");
    }
    auto value = GgufValue::Read(static_cast<GgufValueType>(type), cursor);
    if (!value.ok()) return value.error().WithContext("metadata key " + Quoted(key));
    if (!value_index_.emplace(key, metadata_.size()).second) {
      return cursor.ErrorAt(begin,
                            "metadata key " + Quoted(key) + " appears twice; the file is damaged");
    }
    metadata_.emplace_back(key, *value);
  }
  const GgufValue* alignment = FindValue("general.alignment");
  if (alignment == nullptr) return {};
  const std::int64_t bytes = alignment->AsInteger().value_or(0);
  if (bytes < 8 || !std::has_single_bit(static_cast<std::uint64_t>(bytes))) {
    return InvalidArgument(name() + ": general.alignment is " + alignment->Describe() +
                           "; it must be a power of two from 8 on");
  }
  alignment_ = static_cast<std::uint64_t>(bytes);
  return {};
}

Status GgufFile::ReadTensorTable(ByteCursor& cursor, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) RETURN_IF_ERROR(ReadTensor(cursor));
  return {};
}

Status GgufFile::ReadTensor(ByteCursor& cursor) {
  const std::uint64_t begin = cursor.offset();
  GgufTensor tensor{};
  RETURN_IF_ERROR(cursor.ReadString("a tensor's name", tensor.name));
  RETURN_IF_ERROR(CheckName(cursor, "tensor name", tensor.name, kMaxTensorNameBytes));
  std::uint32_t num_dims = 0;
  RETURN_IF_ERROR(cursor.Read("the number of a tensor's dimensions", num_dims));
  if (num_dims < 1 || num_dims > kMaxDims) {
    return cursor.ErrorAt(begin, "tensor " + Quoted(tensor.name) + " has " +
                                     std::to_string(num_dims) +
                                     " dimensions; 1 to 4 are possible, the file is damaged");
  }
  tensor.dims.resize(num_dims);
  for (std::uint64_t& dim : tensor.dims) RETURN_IF_ERROR(cursor.Read("a tensor's shape", dim));
  std::uint32_t type = 0;
  RETURN_IF_ERROR(cursor.Read("a tensor's type", type));
  tensor.type = FindGgufTensorType(type);
  if (tensor.type == nullptr) {
    return cursor.ErrorAt(begin, "tensor " + Quoted(tensor.name) + " has unknown type " +
                                     std::to_string(type) +
                                     "; the file is damaged or of a newer format");
  }
  RETURN_IF_ERROR(MeasureTensor(cursor, tensor));
  RETURN_IF_ERROR(cursor.Read("a tensor's offset", tensor.offset));
  if (!tensor_index_.emplace(tensor.name, tensors_.size()).second) {
    return cursor.ErrorAt(begin,
                          "tensor " + Quoted(tensor.name) + " appears twice; the file is damaged");
  }
  tensors_.push_back(std::move(tensor));
  return {};
}

// Turns offsets into the data section, as the file has them, into offsets into the file.
Status GgufFile::PlaceTensors(const ByteCursor& cursor) {
  const std::uint64_t end = bytes_.size();
  // The header ends within the file, so the sum overflows only for an absurd alignment.
  if (alignment_ - 1 > std::numeric_limits<std::uint64_t>::max() - cursor.offset()) {
    return cursor.Error("general.alignment is larger than any file");
  }
  data_offset_ = (cursor.offset() + alignment_ - 1) / alignment_ * alignment_;
  for (GgufTensor& tensor : tensors_) {
    if (tensor.offset % alignment_ != 0) {
      return cursor.Error("tensor " + Quoted(tensor.name) + " starts at " +
                          std::to_string(tensor.offset) + " in the data section, not aligned to " +
                          std::to_string(alignment_) + "; the file is damaged");
    }
    if (data_offset_ > end || tensor.offset > end - data_offset_ ||
        tensor.bytes > end - data_offset_ - tensor.offset) {
      return cursor.Error("tensor " + Quoted(tensor.name) + " needs " +
                          std::to_string(tensor.bytes) + " bytes from " +
                          std::to_string(tensor.offset) + " of the data section at " +
                          std::to_string(data_offset_) + ", but the file ends at " +
                          std::to_string(end) + "; it is truncated, fetch it again");
    }
    tensor.offset += data_offset_;
  }
  return {};
}

Status GgufFile::CheckOverlaps() const {
  std::vector<const GgufTensor*> sorted;
  sorted.reserve(tensors_.size());
  for (const GgufTensor& tensor : tensors_) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->offset + sorted[i - 1]->bytes <= sorted[i]->offset) continue;
    return InvalidArgument(name() + ": tensors " + Quoted(sorted[i - 1]->name) + " and " +
                           Quoted(sorted[i]->name) + " overlap at offset " +
                           std::to_string(sorted[i]->offset) + "; the file is damaged");
  }
  return {};
}

}  // namespace braid
