#pragma once

#include "base/dtype.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {

// Plain reference code for the layouts of DType: for writing files, for widening at load time, and
// for tests to hold the fast kernels of a device against. Any thread.

/// The f32 with this IEEE half's value; NaN and infinities survive.
float HalfToFloat(std::uint16_t half);

/// The nearest half, ties to even; what is too large becomes infinite.
std::uint16_t FloatToHalf(float value);

float BFloat16ToFloat(std::uint16_t bits);

/// The nearest bfloat16, ties to even.
std::uint16_t FloatToBFloat16(float value);

/// Writes `values` as `dtype` to `out`, which has DTypeBytes(dtype, values.size()) bytes; whole
/// blocks only. Values must be finite; those of a quantised block at most 65504 in size.
///   Q8_0  block = f16 d, 32 x i8 q:              x = d q
///   Q4_0  block = f16 d, 32 x u4 q:              x = d (q - 8)
///   Q4_1  block = f16 d, f16 m, 32 x u4 q:       x = d q + m
/// In the 4-bit blocks byte j holds element j (low half) and j + 16 (high half).
void QuantizeRow(DType dtype, std::span<const float> values, std::span<std::byte> out);

/// Widens DTypeBytes(dtype, out.size()) bytes to f32; whole blocks only. Takes any bit pattern.
void DequantizeRow(DType dtype, std::span<const std::byte> row, std::span<float> out);

}  // namespace braid
