#include "models/gguf/quantize.h"

#include "base/status.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace braid {
namespace {

constexpr std::size_t kBlock = 32;

void PutHalf(float value, std::byte* out) {
  const std::uint16_t half = FloatToHalf(value);
  std::memcpy(out, &half, sizeof half);
}

float GetHalf(const std::byte* in) {
  std::uint16_t half = 0;
  std::memcpy(&half, in, sizeof half);
  return HalfToFloat(half);
}

// The scale as it will be read back, so that the numbers are rounded for the scale they get.
float StoredScale(float scale) { return HalfToFloat(FloatToHalf(scale)); }

float Inverse(float scale) { return scale != 0.0F ? 1.0F / scale : 0.0F; }

void QuantizeQ8_0(const float* x, std::byte* out) {
  float largest = 0;
  for (std::size_t i = 0; i < kBlock; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float d = StoredScale(largest / 127.0F);
  const float inverse = Inverse(d);
  PutHalf(d, out);
  std::int8_t q[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) {
    const float scaled = std::min(std::max(x[i] * inverse, -127.0F), 127.0F);
    // Half away from zero, in a form that compilers vectorise.
    q[i] = static_cast<std::int8_t>(scaled + (scaled < 0 ? -0.5F : 0.5F));
  }
  std::memcpy(out + 2, q, kBlock);
}

void PackNibbles(const std::uint8_t* q, std::byte* out) {
  for (std::size_t j = 0; j < kBlock / 2; ++j) {
    out[j] = static_cast<std::byte>(q[j] | (q[j + kBlock / 2] << 4));
  }
}

std::uint8_t Nibble(float scaled) {
  return static_cast<std::uint8_t>(std::min(std::max(scaled + 0.5F, 0.0F), 15.0F));
}

void QuantizeQ4_0(const float* x, std::byte* out) {
  // The number of largest size maps to -8, the one level without a counterpart.
  float extreme = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  }
  const float d = StoredScale(extreme / -8.0F);
  const float inverse = Inverse(d);
  PutHalf(d, out);
  std::uint8_t q[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) q[i] = Nibble(x[i] * inverse + 8.0F);
  PackNibbles(q, out + 2);
}

void QuantizeQ4_1(const float* x, std::byte* out) {
  const auto [low, high] = std::minmax_element(x, x + kBlock);
  const float minimum = StoredScale(*low);
  const float d = StoredScale((*high - *low) / 15.0F);
  const float inverse = Inverse(d);
  PutHalf(d, out);
  PutHalf(minimum, out + 2);
  std::uint8_t q[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) q[i] = Nibble((x[i] - minimum) * inverse);
  PackNibbles(q, out + 4);
}

void DequantizeQ8_0(const std::byte* in, float* x) {
  const float d = GetHalf(in);
  std::int8_t q[kBlock];
  std::memcpy(q, in + 2, kBlock);
  for (std::size_t i = 0; i < kBlock; ++i) x[i] = d * static_cast<float>(q[i]);
}

void UnpackNibbles(const std::byte* in, float* q) {
  for (std::size_t j = 0; j < kBlock / 2; ++j) {
    const auto byte = std::to_integer<unsigned>(in[j]);
    q[j] = static_cast<float>(byte & 15U);
    q[j + kBlock / 2] = static_cast<float>(byte >> 4);
  }
}

void DequantizeQ4_0(const std::byte* in, float* x) {
  const float d = GetHalf(in);
  UnpackNibbles(in + 2, x);
  for (std::size_t i = 0; i < kBlock; ++i) x[i] = d * (x[i] - 8.0F);
}

void DequantizeQ4_1(const std::byte* in, float* x) {
  const float d = GetHalf(in);
  const float minimum = GetHalf(in + 2);
  UnpackNibbles(in + 4, x);
  for (std::size_t i = 0; i < kBlock; ++i) x[i] = d * x[i] + minimum;
}

void Quantize16(std::uint16_t (*narrow)(float), std::span<const float> values, std::byte* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t bits = narrow(values[i]);
    std::memcpy(out + 2 * i, &bits, 2);
  }
}

void Dequantize16(float (*widen)(std::uint16_t), const std::byte* in, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, in + 2 * i, 2);
    out[i] = widen(bits);
  }
}

template <typename Block>
void ForEachBlock(DType dtype, std::size_t elements, Block block) {
  const std::size_t block_bytes = DTypeBlockBytes(dtype);
  for (std::size_t b = 0; b < elements / kBlock; ++b) block(b * kBlock, b * block_bytes);
}

}  // namespace

float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent == 0) {
    // Subnormal: mantissa * 2^-24, exact in f32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

std::uint16_t FloatToHalf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U;  // NaN
  } else if (magnitude >= 0x477FF000U) {
    half = 0x7C00U;  // 65520 and above round to infinity
  } else if (magnitude < 0x38800000U) {
    // Below 2^-14. Adding 0.5 leaves the result, in units of 2^-24, rounded to even by the FPU.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U;
  } else {
    // Rebias, add just under half a unit plus the lowest kept bit: ties go to even.
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    half = (magnitude - 0x38000000U + 0xFFFU + odd) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

float BFloat16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t FloatToBFloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

void QuantizeRow(DType dtype, std::span<const float> values, std::span<std::byte> out) {
  BRAID_CHECK(out.size() == DTypeBytes(dtype, values.size()));
  const float* x = values.data();
  std::byte* to = out.data();
  switch (dtype) {
    case DType::kF32:
      if (!values.empty()) std::memcpy(to, x, out.size());
      return;
    case DType::kF16:
      return Quantize16(FloatToHalf, values, to);
    case DType::kBF16:
      return Quantize16(FloatToBFloat16, values, to);
    case DType::kQ8_0:
      return ForEachBlock(dtype, values.size(),
                          [&](std::size_t i, std::size_t b) { QuantizeQ8_0(x + i, to + b); });
    case DType::kQ4_0:
      return ForEachBlock(dtype, values.size(),
                          [&](std::size_t i, std::size_t b) { QuantizeQ4_0(x + i, to + b); });
    case DType::kQ4_1:
      return ForEachBlock(dtype, values.size(),
                          [&](std::size_t i, std::size_t b) { QuantizeQ4_1(x + i, to + b); });
  }
}

void DequantizeRow(DType dtype, std::span<const std::byte> row, std::span<float> out) {
  BRAID_CHECK(row.size() == DTypeBytes(dtype, out.size()));
  const std::byte* in = row.data();
  float* x = out.data();
  switch (dtype) {
    case DType::kF32:
      if (!out.empty()) std::memcpy(x, in, row.size());
      return;
    case DType::kF16:
      return Dequantize16(HalfToFloat, in, out);
    case DType::kBF16:
      return Dequantize16(BFloat16ToFloat, in, out);
    case DType::kQ8_0:
      return ForEachBlock(dtype, out.size(),
                          [&](std::size_t i, std::size_t b) { DequantizeQ8_0(in + b, x + i); });
    case DType::kQ4_0:
      return ForEachBlock(dtype, out.size(),
                          [&](std::size_t i, std::size_t b) { DequantizeQ4_0(in + b, x + i); });
    case DType::kQ4_1:
      return ForEachBlock(dtype, out.size(),
                          [&](std::size_t i, std::size_t b) { DequantizeQ4_1(in + b, x + i); });
  }
}

}  // namespace braid
