#include "models/gguf/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace braid {
namespace {

std::vector<float> RoundTrip(DType dtype, const std::vector<float>& values) {
  std::vector<std::byte> row(DTypeBytes(dtype, values.size()));
  std::vector<float> back(values.size());
  QuantizeRow(dtype, values, row);
  DequantizeRow(dtype, row, back);
  return back;
}

std::vector<float> Values(std::size_t count) {
  std::mt19937 random(7);
  std::vector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>(random()) / 4294967296.0F * 2.0F - 1.0F;
  }
  return values;
}

TEST(Half, EveryBitPatternSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float wide = HalfToFloat(half);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(wide))));
    } else {
      ASSERT_EQ(FloatToHalf(wide), half);
    }
  }
}

TEST(Half, RoundsToNearestTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7BFFU; ++bits) {
    const float low = HalfToFloat(static_cast<std::uint16_t>(bits));
    const float high = HalfToFloat(static_cast<std::uint16_t>(bits + 1));
    const float middle = (low + high) / 2;
    const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(FloatToHalf(middle), even);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, low)), bits);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, high)), bits + 1);
  }
}

TEST(Half, TooLargeNumbersBecomeInfinite) {
  EXPECT_EQ(FloatToHalf(65504.0F), 0x7BFFU);
  EXPECT_EQ(FloatToHalf(65519.0F), 0x7BFFU);
  EXPECT_EQ(FloatToHalf(65520.0F), 0x7C00U);
  EXPECT_EQ(FloatToHalf(-1e30F), 0xFC00U);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::infinity()), 0x7C00U);
  EXPECT_EQ(FloatToHalf(1e-30F), 0U);
  EXPECT_EQ(HalfToFloat(0x7C00U), std::numeric_limits<float>::infinity());
}

TEST(BFloat16, RoundsToNearestTiesToEven) {
  EXPECT_EQ(FloatToBFloat16(1.0F), 0x3F80U);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3F808000U)), 0x3F80U);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3F808001U)), 0x3F81U);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3F818000U)), 0x3F82U);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(std::nanf("")))));
  EXPECT_EQ(BFloat16ToFloat(0xC000U), -2.0F);
}

TEST(Quantize, ErrorIsWithinHalfAStepOfEachBlock) {
  const std::vector<float> values = Values(32 * 50);
  struct Case {
    DType dtype;
    float bound;  // of |x| <= 1: half a step, and what the f16 scale and clamping add
  };
  for (const Case& c :
       {Case{DType::kF32, 0.0F}, Case{DType::kF16, 0.0003F}, Case{DType::kBF16, 0.002F},
        Case{DType::kQ8_0, 0.0045F}, Case{DType::kQ4_1, 0.07F}}) {
    const std::vector<float> back = RoundTrip(c.dtype, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(back[i], values[i], c.bound) << DTypeName(c.dtype) << " " << i;
    }
  }
  // Q4_0 has no level for the opposite of its extreme: up to one step there.
  const std::vector<float> back = RoundTrip(DType::kQ4_0, values);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(back[i], values[i], 0.13F);
}

TEST(Quantize, RepresentableNumbersSurviveExactly) {
  std::vector<float> q8(32);
  std::vector<float> q4_0(32);
  std::vector<float> q4_1(32);
  for (int i = 0; i < 32; ++i) {
    const auto at = static_cast<std::size_t>(i);
    q8[at] = 0.25F * static_cast<float>(i == 0 ? 127 : i - 16);
    q4_0[at] = 0.5F * static_cast<float>(i % 16 - 8);
    q4_1[at] = 3.0F + 0.125F * static_cast<float>(i % 16);
  }
  EXPECT_EQ(RoundTrip(DType::kQ8_0, q8), q8);
  EXPECT_EQ(RoundTrip(DType::kQ4_0, q4_0), q4_0);
  EXPECT_EQ(RoundTrip(DType::kQ4_1, q4_1), q4_1);
}

TEST(Quantize, BlocksLieAsTheFormatSays) {
  std::vector<float> values(32, 0.0F);
  values[0] = -8.0F;  // level 0, scale 1
  values[16] = 7.0F;  // level 15
  std::vector<std::byte> row(18);
  QuantizeRow(DType::kQ4_0, values, row);
  EXPECT_EQ(row[0], std::byte{0x00});  // f16 1.0 is 0x3C00, low byte first
  EXPECT_EQ(row[1], std::byte{0x3C});
  EXPECT_EQ(row[2], std::byte{0xF0}) << "element 0 low, element 16 high";
  EXPECT_EQ(row[3], std::byte{0x88});
}

TEST(Quantize, ConstantAndZeroBlocksWork) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    EXPECT_EQ(RoundTrip(dtype, std::vector<float>(32, 0.0F)), std::vector<float>(32, 0.0F));
    for (const float back : RoundTrip(dtype, std::vector<float>(32, 0.75F))) {
      EXPECT_NEAR(back, 0.75F, 0.001F) << DTypeName(dtype);
    }
  }
}

TEST(Quantize, AnyBitPatternCanBeWidened) {
  std::mt19937 random(3);
  for (const DType dtype :
       {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    std::vector<std::byte> row(DTypeBytes(dtype, 320));
    for (std::byte& byte : row) byte = static_cast<std::byte>(random() & 0xFFU);
    std::vector<float> values(320);
    DequantizeRow(dtype, row, values);
    EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }));
  }
}

}  // namespace
}  // namespace braid
