#include "device/cpu/cpu_operators.h"

#include "device/cpu/attention_split.h"
#include "device/cpu/kernel_table.h"
#include "device/cpu/rotation.h"
#include "device/cpu/scratch.h"
#include "device/cpu/work_split.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace braid {
namespace {

const KernelTable& KernelsFor(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar:
      return ScalarKernels();
    case InstructionSet::kAvx2:
      return Avx2Kernels();
    case InstructionSet::kAvx512:
      break;
  }
  return Avx512Kernels();
}

void CopyFloats(const float* from, std::int32_t count, float* to) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}

/// Floats that pass through the core for one row, for every operator that is cut by rows.
std::int64_t RowFloats(const EmbedArgs& args) { return 2LL * args.out.cols; }
std::int64_t RowFloats(const RmsNormArgs& args) { return 3LL * args.x.cols; }
std::int64_t RowFloats(const StoreKvArgs& args) { return 4LL * args.k.cols; }
std::int64_t RowFloats(const SwiGluArgs& args) { return 4LL * args.gate.cols; }
std::int64_t RowFloats(const AddArgs& args) { return 3LL * args.x.cols; }
std::int64_t RowFloats(const SelectRowsArgs& args) { return 2LL * args.x.cols; }
// A sine and a cosine take about as long as sixty floats.
std::int64_t RowFloats(const RotateArgs& args) {
  return 4LL * args.x.cols + 60LL * static_cast<std::int64_t>(args.frequencies.size());
}

std::int32_t NumRows(const EmbedArgs& args) {
  return static_cast<std::int32_t>(args.tokens.size());
}
std::int32_t NumRows(const RmsNormArgs& args) { return args.x.rows; }
std::int32_t NumRows(const RotateArgs& args) { return args.x.rows; }
std::int32_t NumRows(const StoreKvArgs& args) { return args.k.rows; }
std::int32_t NumRows(const SwiGluArgs& args) { return args.gate.rows; }
std::int32_t NumRows(const AddArgs& args) { return args.x.rows; }
std::int32_t NumRows(const SelectRowsArgs& args) {
  return static_cast<std::int32_t>(args.rows.size());
}

class CpuOperators final : public Operators {
 public:
  CpuOperators(const KernelTable& kernels, CpuScratch scratch)
      : kernels_(kernels), scratch_(std::move(scratch)) {}

  std::int32_t NumTiles(const OperatorArgs& args) const override {
    return std::visit([this](const auto& a) { return std::max(1, CountTiles(a)); }, args);
  }

  void RunTile(const OperatorArgs& args, std::int32_t tile) override {
    std::visit([this, tile](const auto& a) { Run(a, tile); }, args);
  }

 private:
  std::int32_t CountTiles(const MatMulArgs& args) const {
    return SplitMatMul(args, kernels_).num_tiles();
  }
  std::int32_t CountTiles(const AttentionArgs& args) const {
    attention_.Assign(args);
    return attention_.num_tiles();
  }
  template <typename Args>
  std::int32_t CountTiles(const Args& args) const {
    const std::int32_t rows_per_tile = RowsPerTile(RowFloats(args));
    return (NumRows(args) + rows_per_tile - 1) / rows_per_tile;
  }

  void Run(const MatMulArgs& args, std::int32_t tile);
  void Run(const AttentionArgs& args, std::int32_t tile);
  template <typename Args>
  void Run(const Args& args, std::int32_t tile) {
    const std::int32_t rows_per_tile = RowsPerTile(RowFloats(args));
    const std::int32_t end = std::min(NumRows(args), (tile + 1) * rows_per_tile);
    for (std::int32_t row = tile * rows_per_tile; row < end; ++row) RunRow(args, row);
  }

  void RunPiece(const AttentionArgs& args, const AttentionPiece& piece);
  void RunRow(const EmbedArgs& args, std::int32_t row);
  void RunRow(const RmsNormArgs& args, std::int32_t row);
  void RunRow(const RotateArgs& args, std::int32_t row);
  void RunRow(const StoreKvArgs& args, std::int32_t row);
  void RunRow(const SwiGluArgs& args, std::int32_t row);
  void RunRow(const AddArgs& args, std::int32_t row);
  void RunRow(const SelectRowsArgs& args, std::int32_t row);

  const KernelTable& kernels_;
  CpuScratch scratch_;
  mutable AttentionSplit attention_;  // kept for its memory only; assigned anew at each use
  RotationTable rotation_;
};

void CpuOperators::Run(const MatMulArgs& args, std::int32_t tile) {
  if (args.x.rows == 0 || args.weight.rows == 0) return;
  const MatMulSplit split = SplitMatMul(args, kernels_);
  const TileRange rows = split.RowsOf(tile);
  const TileRange cols = split.ColsOf(tile);
  const MatMulBlock block = {
      .x = args.x.row(rows.begin),
      .x_stride = args.x.stride,
      .rows = rows.end - rows.begin,
      .weight = args.weight.data + static_cast<std::size_t>(cols.begin) * args.weight.row_bytes,
      .weight_row_bytes = args.weight.row_bytes,
      .dtype = args.weight.dtype,
      .cols = cols.end - cols.begin,
      .depth = args.weight.cols,
      .bias = args.bias.empty() ? nullptr : args.bias.data() + cols.begin,
      .out = args.out.row(rows.begin) + cols.begin,
      .out_stride = args.out.stride};
  if (block.rows <= kernels_.direct_rows) {
    kernels_.matmul_direct(block);
  } else {
    kernels_.matmul_panel(block, scratch_.matmul());
  }
}

void CpuOperators::Run(const AttentionArgs& args, std::int32_t tile) {
  attention_.Assign(args);
  const auto begin =
      static_cast<std::size_t>(attention_.tile_starts[static_cast<std::size_t>(tile)]);
  const auto end =
      static_cast<std::size_t>(attention_.tile_starts[static_cast<std::size_t>(tile) + 1]);
  for (std::size_t i = begin; i < end; ++i) RunPiece(args, attention_.pieces[i]);
}

void CpuOperators::RunPiece(const AttentionArgs& args, const AttentionPiece& piece) {
  const RequestRows& request = args.requests[static_cast<std::size_t>(piece.request)];
  const std::span<const std::int32_t> heads = attention_.groups.of(piece.kv_head);
  const std::ptrdiff_t head_offset =
      static_cast<std::ptrdiff_t>(piece.kv_head) * args.cache.head_dim;
  BRAID_CHECK(args.cache.head_dim <= kMaxHeadDim);
  kernels_.attend(
      {.q = args.q.row(request.first_row),
       .q_stride = args.q.stride,
       .out = args.out.row(request.first_row),
       .out_stride = args.out.stride,
       .heads = heads.data(),
       .num_heads = static_cast<int>(heads.size()),
       .first_pair = piece.first_pair,
       .num_pairs = piece.num_pairs,
       .head_dim = args.cache.head_dim,
       .first_position = request.first_position,
       .keys = args.cache.keys + head_offset,
       .values = args.cache.values + head_offset,
       .slot_stride = static_cast<std::ptrdiff_t>(args.cache.kv_heads) * args.cache.head_dim,
       .extents = request.extents.data()},
      scratch_.attention());
}

void CpuOperators::RunRow(const EmbedArgs& args, std::int32_t row) {
  const std::int32_t local = args.tokens[static_cast<std::size_t>(row)] - args.first_token;
  float* const out = args.out.row(row);
  if (local < 0 || local >= args.table.rows) {
    std::fill_n(out, args.out.cols, 0.0F);
    return;
  }
  kernels_.widen(args.table.dtype,
                 args.table.data + static_cast<std::size_t>(local) * args.table.row_bytes,
                 args.table.cols, out);
}

void CpuOperators::RunRow(const RmsNormArgs& args, std::int32_t row) {
  kernels_.rms_norm(args.x.row(row), args.weight.data(), args.x.cols, args.epsilon,
                    args.out.row(row));
}

void CpuOperators::RunRow(const RotateArgs& args, std::int32_t row) {
  float* const x = args.x.row(row);
  if (!args.norm_weight.empty()) {
    for (std::int32_t at = 0; at < args.x.cols; at += args.head_dim) {
      kernels_.rms_norm(x + at, args.norm_weight.data(), args.head_dim, args.norm_epsilon, x + at);
    }
  }
  rotation_.Assign(args.positions[static_cast<std::size_t>(row)], args.frequencies);
  kernels_.rotate({.x = x,
                   .num_heads = args.x.cols / args.head_dim,
                   .head_dim = args.head_dim,
                   .num_pairs = static_cast<int>(args.frequencies.size()),
                   .interleaved = args.interleaved,
                   .cosines = rotation_.cosines(),
                   .sines = rotation_.sines()});
}

void CpuOperators::RunRow(const StoreKvArgs& args, std::int32_t row) {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(args.slots[static_cast<std::size_t>(row)]) *
                            args.cache.kv_heads * args.cache.head_dim;
  CopyFloats(args.k.row(row), args.k.cols, args.cache.keys + at);
  CopyFloats(args.v.row(row), args.v.cols, args.cache.values + at);
}

void CpuOperators::RunRow(const SwiGluArgs& args, std::int32_t row) {
  kernels_.swiglu(args.gate.row(row), args.up.row(row), args.gate.cols, args.out.row(row));
}

void CpuOperators::RunRow(const AddArgs& args, std::int32_t row) {
  kernels_.add(args.x.row(row), args.y.row(row), args.x.cols);
}

void CpuOperators::RunRow(const SelectRowsArgs& args, std::int32_t row) {
  CopyFloats(args.x.row(args.rows[static_cast<std::size_t>(row)]), args.x.cols, args.out.row(row));
}

}  // namespace

Result<std::unique_ptr<Operators>> MakeCpuOperators(const CpuOptions& options) {
  ASSIGN_OR_RETURN(const InstructionSet best, BestInstructionSet());
  const InstructionSet set = options.instruction_set.value_or(best);
  if (!CpuSupports(set)) {
    return Unavailable("this CPU does not support the instruction set " +
                       std::string(InstructionSetName(set)) + " that was asked for; its best is " +
                       std::string(InstructionSetName(best)));
  }
  ASSIGN_OR_RETURN(CpuScratch scratch, CpuScratch::Make());
  std::unique_ptr<Operators> operators(new (std::nothrow)
                                           CpuOperators(KernelsFor(set), std::move(scratch)));
  if (operators == nullptr) return OutOfMemory("no memory for the CPU operators");
  return operators;
}

}  // namespace braid
