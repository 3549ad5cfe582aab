#include "models/gguf/writer.h"

#include "models/gguf/quantize.h"
#include "models/gguf/tensor_type.h"
#include "models/gguf/value.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace braid {
namespace {

constexpr std::uint64_t kAlignment = 32;  // GGUF's default; needs no key
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

std::uint64_t Aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

void PutBytes(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  // Not insert(): gcc 12 warns of an overflow there that cannot happen.
  if (bytes.empty()) return;
  const std::size_t end = out.size();
  out.resize(end + bytes.size());
  std::memcpy(out.data() + end, bytes.data(), bytes.size());
}

template <typename T>
void Put(std::vector<std::byte>& out, T value) {
  PutBytes(out, std::as_bytes(std::span(&value, 1)));
}

void PutString(std::vector<std::byte>& out, std::string_view text) {
  Put<std::uint64_t>(out, text.size());
  PutBytes(out, std::as_bytes(std::span(text)));
}

constexpr std::uint32_t Number(GgufValueType type) { return static_cast<std::uint32_t>(type); }

}  // namespace

void GgufWriter::BeginValue(std::string_view key, std::uint32_t type) {
  PutString(metadata_, key);
  Put(metadata_, type);
  ++num_values_;
}

void GgufWriter::PutArrayHead(std::uint32_t element_type, std::uint64_t count) {
  Put(metadata_, element_type);
  Put(metadata_, count);
}

void GgufWriter::AddUint32(std::string_view key, std::uint32_t value) {
  BeginValue(key, Number(GgufValueType::kUint32));
  Put(metadata_, value);
}

void GgufWriter::AddFloat32(std::string_view key, float value) {
  BeginValue(key, Number(GgufValueType::kFloat32));
  Put(metadata_, value);
}

void GgufWriter::AddBool(std::string_view key, bool value) {
  BeginValue(key, Number(GgufValueType::kBool));
  Put<std::uint8_t>(metadata_, value ? 1 : 0);
}

void GgufWriter::AddString(std::string_view key, std::string_view value) {
  BeginValue(key, Number(GgufValueType::kString));
  PutString(metadata_, value);
}

void GgufWriter::AddStrings(std::string_view key, std::span<const std::string> values) {
  BeginValue(key, Number(GgufValueType::kArray));
  PutArrayHead(Number(GgufValueType::kString), values.size());
  for (const std::string& value : values) PutString(metadata_, value);
}

void GgufWriter::AddFloats(std::string_view key, std::span<const float> values) {
  BeginValue(key, Number(GgufValueType::kArray));
  PutArrayHead(Number(GgufValueType::kFloat32), values.size());
  PutBytes(metadata_, std::as_bytes(values));
}

void GgufWriter::AddInts(std::string_view key, std::span<const std::int32_t> values) {
  BeginValue(key, Number(GgufValueType::kArray));
  PutArrayHead(Number(GgufValueType::kInt32), values.size());
  PutBytes(metadata_, std::as_bytes(values));
}

void GgufWriter::AddRaw(std::string_view key, std::uint32_t type,
                        std::span<const std::byte> bytes) {
  BeginValue(key, type);
  PutBytes(metadata_, bytes);
}

void GgufWriter::AddTensor(std::string_view name, std::vector<std::uint64_t> dims, DType dtype,
                           RowSource rows) {
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : dims) elements *= dim;
  Tensor tensor{.name = std::string(name),
                .dims = std::move(dims),
                .dtype = dtype,
                .rows = std::move(rows),
                .offset = Aligned(data_bytes_),
                .bytes = DTypeBytes(dtype, elements)};
  data_bytes_ = tensor.offset + tensor.bytes;
  tensors_.push_back(std::move(tensor));
}

std::vector<std::byte> GgufWriter::Header() const {
  std::vector<std::byte> out;
  PutBytes(out, std::as_bytes(std::span("GGUF", 4)));
  Put<std::uint32_t>(out, 3);
  Put<std::uint64_t>(out, tensors_.size());
  Put<std::uint64_t>(out, num_values_);
  PutBytes(out, metadata_);
  for (const Tensor& tensor : tensors_) {
    PutString(out, tensor.name);
    Put(out, static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) Put(out, dim);
    Put(out, GgufTensorTypeOf(tensor.dtype).number);
    Put(out, tensor.offset);
  }
  out.resize(Aligned(out.size()));
  return out;
}

Status GgufWriter::Emit(const Sink& sink) const {
  RETURN_IF_ERROR(sink(Header()));
  std::uint64_t done = 0;
  std::vector<std::byte> chunk;
  std::vector<float> values;
  for (const Tensor& tensor : tensors_) {
    chunk.resize(chunk.size() + (tensor.offset - done));  // padding
    values.resize(tensor.dims[0]);
    const std::size_t row_bytes = DTypeBytes(tensor.dtype, values.size());
    for (std::uint64_t row = 0; row < tensor.bytes / row_bytes; ++row) {
      tensor.rows(row, values);
      chunk.resize(chunk.size() + row_bytes);
      QuantizeRow(tensor.dtype, values, std::span(chunk).last(row_bytes));
      if (chunk.size() < kChunkBytes) continue;
      RETURN_IF_ERROR(sink(chunk));
      chunk.clear();
    }
    done = tensor.offset + tensor.bytes;
  }
  return chunk.empty() ? Status() : sink(chunk);
}

std::vector<std::byte> GgufWriter::ToBytes() const {
  std::vector<std::byte> bytes;
  const Status status = Emit([&](std::span<const std::byte> part) {
    PutBytes(bytes, part);
    return Status();
  });
  BRAID_CHECK(status.ok());
  return bytes;
}

Status GgufWriter::Write(const std::string& path, const Progress& progress) const {
  const std::string partial = path + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  if (!out) return Unavailable("cannot create " + partial + "; check the folder and its rights");
  std::uint64_t done = 0;
  const std::uint64_t total = Header().size() + data_bytes_;
  Status status = Emit([&](std::span<const std::byte> part) -> Status {
    out.write(reinterpret_cast<const char*>(part.data()), std::ssize(part));
    done += part.size();
    if (progress) progress(done, total);
    return out ? Status() : Unavailable("cannot write " + partial + "; is the disk full?");
  });
  out.close();
  if (status.ok() && !out) status = Unavailable("cannot finish " + partial + "; is the disk full?");
  if (status.ok() && std::rename(partial.c_str(), path.c_str()) != 0) {
    status = Unavailable("cannot rename " + partial + " to " + path);
  }
  if (!status.ok()) std::remove(partial.c_str());
  return status;
}

}  // namespace braid
