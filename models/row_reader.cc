#include "models/row_reader.h"

#include "models/gguf/quantize.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace braid {
namespace {

constexpr std::uint64_t kChunkBytes = 256 * 1024;
// From this length on, a read per row costs less than reading the rest of the row along with it.
constexpr std::uint64_t kLongSegmentBytes = 4096;

/// The bytes of each row that cover the wanted columns, on borders of blocks.
struct Segment {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::size_t elements = 0;
  std::size_t skip = 0;  ///< elements before the first wanted one
};

Segment CoveringSegment(const PlannedWeight& weight) {
  const DType stored = *weight.tensor->type->dtype;
  const std::size_t block = DTypeBlockElements(stored);
  const auto begin = static_cast<std::size_t>(weight.cols.begin) / block;
  const auto end = (static_cast<std::size_t>(weight.cols.end) + block - 1) / block;
  return {.begin = DTypeBytes(stored, begin * block),
          .bytes = DTypeBytes(stored, (end - begin) * block),
          .elements = (end - begin) * block,
          .skip = static_cast<std::size_t>(weight.cols.begin) - begin * block};
}

/// Turns one row's segment into what is held.
class RowSink {
 public:
  RowSink(const PlannedWeight& weight, const Segment& segment, std::span<std::byte> out)
      : stored_(*weight.tensor->type->dtype),
        widen_(weight.dtype != stored_),
        segment_(segment),
        row_bytes_(DTypeBytes(weight.dtype, static_cast<std::size_t>(weight.cols.size()))),
        out_(out) {
    if (widen_) values_.resize(segment.elements);
  }

  void Put(std::span<const std::byte> row) {
    const std::byte* from = row.data();
    if (widen_) {
      DequantizeRow(stored_, row, values_);
      from = reinterpret_cast<const std::byte*>(values_.data() + segment_.skip);
    }
    std::memcpy(out_.data(), from, row_bytes_);
    out_ = out_.subspan(row_bytes_);
  }

 private:
  DType stored_;
  bool widen_;
  Segment segment_;
  std::size_t row_bytes_;
  std::span<std::byte> out_;
  std::vector<float> values_;
};

}  // namespace

Status ReadRows(const FileBytes& file, const PlannedWeight& weight, std::span<std::byte> out) {
  if (out.empty()) return {};
  const Segment segment = CoveringSegment(weight);
  const std::uint64_t row_bytes = weight.stored_row_bytes();
  RowSink sink(weight, segment, out);

  // Whole rows in one read, or where the wanted part is long enough, that part of one row.
  const bool whole_rows = segment.bytes == row_bytes || segment.bytes < kLongSegmentBytes;
  const std::uint64_t read_begin = whole_rows ? 0 : segment.begin;
  const std::uint64_t rows_at_once =
      whole_rows ? std::max<std::uint64_t>(1, kChunkBytes / row_bytes) : 1;
  const std::uint64_t segment_begin = segment.begin - read_begin;
  std::vector<std::byte> chunk;
  const auto end = static_cast<std::uint64_t>(weight.rows.end);
  for (auto row = static_cast<std::uint64_t>(weight.rows.begin); row < end;) {
    const std::uint64_t count = std::min(rows_at_once, end - row);
    chunk.resize(whole_rows ? count * row_bytes : segment.bytes);
    RETURN_IF_ERROR(file.ReadAt(weight.tensor->offset + row * row_bytes + read_begin, chunk));
    for (std::uint64_t i = 0; i < count; ++i) {
      sink.Put(std::span(chunk).subspan(i * row_bytes + segment_begin, segment.bytes));
    }
    row += count;
  }
  return {};
}

}  // namespace braid
