#pragma once

#include "base/dtype.h"
#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Writes GGUF version 3: first all metadata, then all tensors by name and shape, then, in Write,
/// their data, asked for row by row so that a model of any size needs a few megabytes.
/// For tests, generators and benchmarks; nothing is checked that a reader would refuse.
/// Thread: one at a time.
class GgufWriter {
 public:
  /// Asks for row `row` of a tensor as f32; rows are asked for in order.
  using RowSource = std::function<void(std::uint64_t row, std::span<float> values)>;
  /// Told the bytes written so far and in all, now and then; once when they are equal.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  void AddUint32(std::string_view key, std::uint32_t value);
  void AddFloat32(std::string_view key, float value);
  void AddBool(std::string_view key, bool value);
  void AddString(std::string_view key, std::string_view value);
  void AddStrings(std::string_view key, std::span<const std::string> values);
  void AddFloats(std::string_view key, std::span<const float> values);
  void AddInts(std::string_view key, std::span<const std::int32_t> values);
  /// A value of any type number whose bytes the caller has laid out, right or wrong.
  void AddRaw(std::string_view key, std::uint32_t type, std::span<const std::byte> bytes);

  /// Adds a tensor; `dims` with the fastest-running first, dims[0] a whole number of blocks.
  void AddTensor(std::string_view name, std::vector<std::uint64_t> dims, DType dtype,
                 RowSource rows);

  /// The whole file.
  std::vector<std::byte> ToBytes() const;

  /// Writes the file at `path`, replacing it only when all is written.
  /// Errors: Unavailable where the disk fails.
  Status Write(const std::string& path, const Progress& progress = {}) const;

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    DType dtype;
    RowSource rows;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  using Sink = std::function<Status(std::span<const std::byte>)>;

  void BeginValue(std::string_view key, std::uint32_t type);
  void PutArrayHead(std::uint32_t element_type, std::uint64_t count);
  std::vector<std::byte> Header() const;
  Status Emit(const Sink& sink) const;

  std::vector<std::byte> metadata_;
  std::uint64_t num_values_ = 0;
  std::vector<Tensor> tensors_;
  std::uint64_t data_bytes_ = 0;
};

}  // namespace braid
