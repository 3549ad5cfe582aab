#include "tests/device/operator_data.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace braid::testing {
namespace {

double DecodeHalf(const std::byte* p) {
  std::uint16_t bits;
  std::memcpy(&bits, p, sizeof(bits));
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double DecodeBrain(const std::byte* p) {
  std::uint16_t bits;
  std::memcpy(&bits, p, sizeof(bits));
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

double DecodeFloat(const std::byte* p) {
  float value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

double Decode(DType dtype, const std::byte* block, int i) {
  const auto nibble = [&](int header) {
    const int byte = static_cast<int>(block[header + i % 16]);
    return i < 16 ? byte & 15 : byte >> 4;
  };
  switch (dtype) {
    case DType::kF32:
      return DecodeFloat(block);
    case DType::kF16:
      return DecodeHalf(block);
    case DType::kBF16:
      return DecodeBrain(block);
    case DType::kQ8_0:
      return DecodeHalf(block) * static_cast<std::int8_t>(block[2 + i]);
    case DType::kQ4_0:
      return DecodeHalf(block) * (nibble(2) - 8);
    case DType::kQ4_1:
      return DecodeHalf(block) * nibble(4) + DecodeHalf(block + 2);
  }
  return 0;
}

// Any finite half between 2^-15 and 2^-2, of either sign, some subnormal.
std::uint16_t RandomHalf(std::mt19937& random) {
  return static_cast<std::uint16_t>((random() & 0x8000U) | (random() % 0x3400U));
}

void FillBlock(DType dtype, std::byte* block, std::mt19937& random) {
  for (std::size_t i = 0; i < DTypeBlockBytes(dtype); ++i)
    block[i] = static_cast<std::byte>(random());
  const float value = std::uniform_real_distribution<float>(-1, 1)(random);
  const auto brain = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  const std::uint16_t half = RandomHalf(random);
  const std::uint16_t minimum = RandomHalf(random);
  if (dtype == DType::kF32) {
    std::memcpy(block, &value, sizeof(value));
  } else if (dtype == DType::kBF16) {
    std::memcpy(block, &brain, sizeof(brain));
  } else {
    std::memcpy(block, &half, sizeof(half));
  }
  if (dtype == DType::kQ4_1) std::memcpy(block + 2, &minimum, sizeof(minimum));
}

}  // namespace

TestWeights::TestWeights(DType dtype, std::int32_t rows, std::int32_t cols, std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::size_t block_bytes = DTypeBlockBytes(dtype);
  const std::size_t per_block = DTypeBlockElements(dtype);
  const std::size_t row_bytes = DTypeBytes(dtype, static_cast<std::size_t>(cols));
  // Rows lie further apart than they are long, as in a shard of a wider matrix.
  const std::size_t row_stride = row_bytes + block_bytes;
  bytes.resize(row_stride * static_cast<std::size_t>(rows));
  for (std::size_t at = 0; at < bytes.size(); at += block_bytes)
    FillBlock(dtype, &bytes[at], random);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(cols); ++c) {
      const std::byte* const block = &bytes[r * row_stride + c / per_block * block_bytes];
      values.push_back(Decode(dtype, block, static_cast<int>(c % per_block)));
    }
  }
  view = {
      .data = bytes.data(), .dtype = dtype, .rows = rows, .cols = cols, .row_bytes = row_stride};
}

double TestWeights::at(std::int32_t row, std::int32_t col) const {
  return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(view.cols) +
                static_cast<std::size_t>(col)];
}

TestRows::TestRows(std::int32_t rows, std::int32_t cols, std::int32_t padding, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const std::int32_t stride = cols + padding;
  data.assign(static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride),
              std::numeric_limits<float>::quiet_NaN());
  view = {.data = data.data(), .rows = rows, .cols = cols, .stride = stride};
  for (std::int32_t r = 0; r < rows; ++r) {
    for (std::int32_t c = 0; c < cols; ++c) view.row(r)[c] = uniform(random);
  }
}

std::vector<float> TestRows::values() const {
  std::vector<float> result;
  for (std::int32_t r = 0; r < view.rows; ++r) {
    result.insert(result.end(), view.row(r), view.row(r) + view.cols);
  }
  return result;
}

bool TestRows::gaps_untouched() const {
  for (std::int32_t r = 0; r < view.rows; ++r) {
    for (std::int32_t c = view.cols; c < view.stride; ++c) {
      if (!std::isnan(view.row(r)[c])) return false;
    }
  }
  return true;
}

std::vector<InstructionSet> SupportedSets() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet set :
       {InstructionSet::kScalar, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (CpuSupports(set)) sets.push_back(set);
  }
  return sets;
}

std::unique_ptr<Operators> MakeOperators(InstructionSet set, Numerics numerics) {
  auto operators = MakeCpuOperators({.numerics = numerics, .instruction_set = set});
  BRAID_CHECK(operators.ok());
  return std::move(operators).value();
}

std::unique_ptr<Operators> MakeBestOperators(Numerics numerics) {
  return MakeOperators(SupportedSets().back(), numerics);
}

void RunForward(Operators& operators, const OperatorArgs& args) {
  const std::int32_t tiles = operators.NumTiles(args);
  for (std::int32_t tile = 0; tile < tiles; ++tile) operators.RunTile(args, tile);
}

void RunBackward(Operators& operators, const OperatorArgs& args) {
  for (std::int32_t tile = operators.NumTiles(args) - 1; tile >= 0; --tile) {
    operators.RunTile(args, tile);
  }
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y) ||
           (std::isnan(x) && std::isnan(y));
  });
}

double RelativeError(const std::vector<float>& a, const std::vector<double>& b) {
  double difference = a.size() == b.size() ? 0 : std::numeric_limits<double>::infinity();
  double largest = 1e-30;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - b[i]);
    difference = d <= difference ? difference : d;  // NaN stays
    largest = std::max(largest, std::abs(b[i]));
  }
  return difference / largest;
}

}  // namespace braid::testing
