#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace braid {

/// How numbers lie in memory. Quantised types hold blocks of `dtype_block_elements` numbers that
/// share a scale (and, for Q4_1, a minimum); the layouts are those of GGUF.
enum class DType : std::uint8_t { kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1 };

/// "F32", "Q8_0", ...
std::string_view DTypeName(DType dtype);

/// Numbers in one block: 1 for plain types, 32 for quantised ones.
std::size_t DTypeBlockElements(DType dtype);

/// Bytes of one block.
std::size_t DTypeBlockBytes(DType dtype);

/// Bytes of `elements` numbers; `elements` must be a whole number of blocks.
std::size_t DTypeBytes(DType dtype, std::size_t elements);

}  // namespace braid
