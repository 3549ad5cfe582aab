#include "models/gguf/gguf_file.h"

#include "tests/models/gguf_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <limits>

namespace braid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

GgufBytes OneTensor(std::vector<std::uint64_t> dims, std::uint32_t type, std::uint64_t offset) {
  return GgufBytes().Head(3, 1, 0).Tensor("w", std::move(dims), type, offset).Data(256);
}

TEST(GgufFile, ReadsTensorsOfVersions2And3) {
  for (const std::uint32_t version : {2U, 3U}) {
    const GgufBytes bytes = GgufBytes()
                                .Head(version, 2, 0)
                                .Tensor("a", {8, 4}, 0, 0)
                                .Tensor("b", {32}, 8, 128)
                                .Data(162);
    const auto file = GgufFile::FromMemory(bytes.bytes(), "test.gguf");
    ASSERT_TRUE(file.ok()) << file.error().message();
    const GgufTensor* b = file->FindTensor("b");
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(b->type->name, "Q8_0");
    EXPECT_EQ(b->offset, file->data_offset() + 128);
    EXPECT_EQ(b->bytes, 34U);
    EXPECT_EQ(file->FindTensor("a")->ShapeText(), "[8, 4]");
    EXPECT_EQ(file->FindTensor("c"), nullptr);
    EXPECT_EQ(file->version(), version);
  }
}

TEST(GgufFile, ReadsEveryKindOfValue) {
  GgufBytes bytes;
  bytes.Head(3, 0, 13);
  bytes.String("u8").Put<std::uint32_t>(0).Put<std::uint8_t>(200);
  bytes.String("i8").Put<std::uint32_t>(1).Put<std::int8_t>(-3);
  bytes.String("u16").Put<std::uint32_t>(2).Put<std::uint16_t>(60000);
  bytes.String("i16").Put<std::uint32_t>(3).Put<std::int16_t>(-300);
  bytes.String("u32").Put<std::uint32_t>(4).Put<std::uint32_t>(4000000000U);
  bytes.String("i32").Put<std::uint32_t>(5).Put<std::int32_t>(-5);
  bytes.String("f32").Put<std::uint32_t>(6).Put<float>(0.5F);
  bytes.String("bool").Put<std::uint32_t>(7).Put<std::uint8_t>(1);
  bytes.String("string").Put<std::uint32_t>(8).String("text");
  bytes.String("u64").Put<std::uint32_t>(10).Put<std::uint64_t>(kHuge);
  bytes.String("i64").Put<std::uint32_t>(11).Put<std::int64_t>(-7);
  bytes.String("f64").Put<std::uint32_t>(12).Put<double>(0.25);
  bytes.String("array").Put<std::uint32_t>(9).Put<std::uint32_t>(8).Put<std::uint64_t>(2);
  bytes.String("x").String("yz");
  const auto file = GgufFile::FromMemory(bytes.bytes(), "test.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->FindValue("u8")->AsInteger(), 200);
  EXPECT_EQ(file->FindValue("i8")->AsInteger(), -3);
  EXPECT_EQ(file->FindValue("u16")->AsInteger(), 60000);
  EXPECT_EQ(file->FindValue("i16")->AsInteger(), -300);
  EXPECT_EQ(file->FindValue("u32")->AsInteger(), 4000000000);
  EXPECT_EQ(file->FindValue("i32")->AsInteger(), -5);
  EXPECT_EQ(file->FindValue("f32")->AsNumber(), 0.5);
  EXPECT_EQ(file->FindValue("bool")->AsBool(), true);
  EXPECT_EQ(file->FindValue("string")->AsString(), "text");
  EXPECT_EQ(file->FindValue("u64")->AsInteger(), std::nullopt) << "does not fit in 63 bits";
  EXPECT_EQ(file->FindValue("u64")->Describe(), "18446744073709551615");
  EXPECT_EQ(file->FindValue("i64")->AsInteger(), -7);
  EXPECT_EQ(file->FindValue("f64")->AsNumber(), 0.25);
  EXPECT_THAT(file->FindValue("array")->AsStrings().value(), ::testing::ElementsAre("x", "yz"));
  EXPECT_EQ(file->FindValue("array")->Describe(), "[2 x string]");
  EXPECT_EQ(file->FindValue("string")->AsInteger(), std::nullopt);
  EXPECT_EQ(file->FindValue("absent"), nullptr);
}

TEST(GgufFile, SaysWhatAWrongFileProbablyIs) {
  EXPECT_THAT(GgufBytes().Text("version https://git-lfs.github.com/spec/v1\n").ErrorOf(),
              HasSubstr("Git LFS pointer"));
  EXPECT_THAT(GgufBytes().Text("<!DOCTYPE html><html>").ErrorOf(), HasSubstr("web page"));
  EXPECT_THAT(GgufBytes().Text("GG").ErrorOf(), HasSubstr("is not a GGUF file"));
  EXPECT_THAT(GgufBytes().ErrorOf(), HasSubstr("is not a GGUF file"));
}

TEST(GgufFile, RefusesOtherVersionsAndBigEndianFiles) {
  EXPECT_THAT(GgufBytes().Head(1, 0, 0).ErrorOf(), HasSubstr("version 1; versions 2 and 3"));
  EXPECT_THAT(GgufBytes().Head(4, 0, 0).ErrorOf(), HasSubstr("version 4; versions 2 and 3"));
  EXPECT_THAT(GgufBytes().Head(0x03000000U, 0, 0).ErrorOf(), HasSubstr("big-endian"));
}

TEST(GgufFile, RefusesCountsThatCannotFit) {
  EXPECT_THAT(GgufBytes().Head(3, kHuge, 0).ErrorOf(), HasSubstr("cannot fit"));
  EXPECT_THAT(GgufBytes().Head(3, 0, kHuge).ErrorOf(), HasSubstr("cannot fit"));
  EXPECT_THAT(GgufBytes().Head(3, 0, 1).Put(0).ErrorOf(), HasSubstr("cannot fit"));
}

TEST(GgufFile, RefusesStringsPastTheEnd) {
  for (const std::uint64_t length : {std::uint64_t{1000}, kHuge, kHuge - 7}) {
    EXPECT_THAT(GgufBytes().Head(3, 0, 1).Put(length).Text("key").Data(64).ErrorOf(),
                AllOf(HasSubstr("offset 32"), HasSubstr("a metadata key needs")))
        << length;
    GgufBytes value;
    value.Head(3, 0, 1).String("k").Put<std::uint32_t>(8).Put(length).Text("text");
    EXPECT_THAT(value.ErrorOf(), AllOf(HasSubstr("\"k\""), HasSubstr("a string needs"))) << length;
  }
}

TEST(GgufFile, RefusesArraysThatCannotFitWhateverTheirElements) {
  for (const std::uint32_t type : {0U, 6U, 8U, 9U, 10U}) {
    for (const std::uint64_t count : {kHuge, kHuge / 2, kHuge / 8 + 2, std::uint64_t{100}}) {
      GgufBytes bytes;
      bytes.Head(3, 0, 1).String("k").Put<std::uint32_t>(9).Put(type).Put(count).Put(0);
      EXPECT_THAT(bytes.ErrorOf(), HasSubstr("cannot fit")) << type << " x " << count;
    }
  }
}

TEST(GgufFile, ReadsArraysOfArraysButNotWithoutEnd) {
  const auto nested = [](int depth) {
    GgufBytes bytes;
    bytes.Head(3, 0, 1).String("k").Put<std::uint32_t>(9);
    for (int i = 1; i < depth; ++i) bytes.Put<std::uint32_t>(9).Put<std::uint64_t>(1);
    bytes.Put<std::uint32_t>(0).Put<std::uint64_t>(1).Put<std::uint8_t>(5);
    return bytes.ErrorOf();
  };
  EXPECT_EQ(nested(1), "");
  EXPECT_EQ(nested(4), "");
  EXPECT_THAT(nested(5), HasSubstr("nested more than 4"));
  EXPECT_THAT(nested(100000), HasSubstr("nested more than 4"));
}

TEST(GgufFile, RefusesUnknownValueTypesAndBadBools) {
  EXPECT_THAT(GgufBytes().Head(3, 0, 1).String("k").Put<std::uint32_t>(13).Put(0).ErrorOf(),
              HasSubstr("unknown value type 13"));
  GgufBytes array;
  array.Head(3, 0, 1).String("k").Put<std::uint32_t>(9).Put<std::uint32_t>(99);
  EXPECT_THAT(array.Put<std::uint64_t>(0).ErrorOf(), HasSubstr("unknown type 99"));
  GgufBytes flag;
  flag.Head(3, 0, 1).String("k").Put<std::uint32_t>(7).Put<std::uint8_t>(2);
  EXPECT_THAT(flag.ErrorOf(), HasSubstr("neither 0 nor 1"));
}

TEST(GgufFile, RefusesDuplicateNames) {
  GgufBytes keys;
  keys.Head(3, 0, 2).String("k").Put<std::uint32_t>(0).Put<std::uint8_t>(1);
  keys.String("k").Put<std::uint32_t>(0).Put<std::uint8_t>(2).Data(8);
  EXPECT_THAT(keys.ErrorOf(), HasSubstr("\"k\" appears twice"));
  GgufBytes tensors;
  tensors.Head(3, 2, 0).Tensor("w", {8}, 0, 0).Tensor("w", {8}, 0, 32).Data(64);
  EXPECT_THAT(tensors.ErrorOf(), HasSubstr("\"w\" appears twice"));
}

TEST(GgufFile, RefusesImpossibleShapes) {
  EXPECT_THAT(OneTensor({}, 0, 0).ErrorOf(), HasSubstr("0 dimensions"));
  EXPECT_THAT(OneTensor({1, 1, 1, 1, 1}, 0, 0).ErrorOf(), HasSubstr("5 dimensions"));
  EXPECT_THAT(OneTensor({8, 0}, 0, 0).ErrorOf(), HasSubstr("dimension of zero"));
  EXPECT_THAT(OneTensor({std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 0, 0).ErrorOf(),
              HasSubstr("more numbers than any file holds"));
  EXPECT_THAT(OneTensor({kHuge, 2}, 0, 0).ErrorOf(), HasSubstr("more numbers"));
  EXPECT_THAT(OneTensor({std::uint64_t{1} << 62}, 0, 0).ErrorOf(), HasSubstr("more bytes"));
  EXPECT_THAT(OneTensor({33}, 8, 0).ErrorOf(), HasSubstr("not a multiple of 32"));
}

TEST(GgufFile, RefusesTensorsOutsideTheFile) {
  EXPECT_EQ(OneTensor({64}, 0, 0).ErrorOf(), "");
  EXPECT_THAT(OneTensor({65}, 0, 0).ErrorOf(), HasSubstr("truncated"));
  EXPECT_THAT(OneTensor({64}, 0, 32).ErrorOf(), HasSubstr("truncated"));
  EXPECT_THAT(OneTensor({64}, 0, 7).ErrorOf(), HasSubstr("not aligned to 32"));
  // Offsets that would wrap around into the header.
  EXPECT_THAT(OneTensor({8}, 0, kHuge - 31).ErrorOf(), HasSubstr("truncated"));
  EXPECT_THAT(OneTensor({8}, 0, kHuge - 63).ErrorOf(), HasSubstr("truncated"));
}

TEST(GgufFile, RefusesTensorsThatOverlap) {
  GgufBytes bytes;
  bytes.Head(3, 2, 0).Tensor("a", {16}, 0, 0).Tensor("b", {8}, 0, 32).Data(64);
  EXPECT_THAT(bytes.ErrorOf(), HasSubstr("\"a\" and \"b\" overlap"));
}

TEST(GgufFile, ListsTypesItCannotRunAndRefusesThoseItCannotMeasure) {
  const GgufBytes bytes = OneTensor({256}, 12, 0);
  const auto file = GgufFile::FromMemory(bytes.bytes(), "test.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->tensors()[0].type->name, "Q4_K");
  EXPECT_EQ(file->tensors()[0].bytes, 144U);
  EXPECT_FALSE(file->tensors()[0].type->dtype.has_value());
  EXPECT_THAT(OneTensor({256}, 4, 0).ErrorOf(), HasSubstr("unknown type 4"));
  EXPECT_THAT(OneTensor({256}, kHuge & 0xFFFFFFFFU, 0).ErrorOf(), HasSubstr("unknown type"));
}

TEST(GgufFile, HonoursTheFilesOwnAlignmentAndRefusesAbsurdOnes) {
  const auto aligned = [](std::uint32_t alignment) {
    GgufBytes bytes;
    bytes.Head(3, 1, 1).String("general.alignment").Put<std::uint32_t>(4).Put(alignment);
    return bytes.Tensor("w", {4}, 0, 64).Data(256);
  };
  const GgufBytes good = aligned(64);
  EXPECT_EQ(good.ErrorOf(), "");
  EXPECT_EQ(GgufFile::FromMemory(good.bytes(), "t")->data_offset() % 64, 0U);
  for (const std::uint32_t bad : {0U, 1U, 4U, 48U, 0xFFFFFFFFU}) {
    EXPECT_THAT(aligned(bad).ErrorOf(), HasSubstr("power of two")) << bad;
  }
  EXPECT_THAT(aligned(1U << 31).ErrorOf(), HasSubstr("not aligned"));
}

TEST(GgufFile, KeepsControlCharactersOutOfMessages) {
  GgufBytes bytes;
  bytes.Head(3, 0, 1).String("a\x1B[2Jb").Put<std::uint32_t>(99).Put(0);
  EXPECT_THAT(bytes.ErrorOf(), AllOf(HasSubstr("a?[2Jb"), ::testing::Not(HasSubstr("\x1B"))));
}

TEST(GgufFile, SaysWhyAPathCannotBeOpened) {
  const auto absent = GgufFile::Open("/no/such/model.gguf");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(absent.error().message(), HasSubstr("/no/such/model.gguf"));
  const auto folder = GgufFile::Open(::testing::TempDir());
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message(), HasSubstr("not a regular file"));
  const std::string path = ::testing::TempDir() + "/braid_empty.gguf";
  std::ofstream(path).close();
  EXPECT_THAT(GgufFile::Open(path).error().message(), HasSubstr("is empty"));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace braid
