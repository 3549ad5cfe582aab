#include "models/gguf/gguf_file.h"
#include "models/gguf/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace braid {
namespace {

using ::testing::ElementsAre;

GgufWriter Sample() {
  GgufWriter writer;
  writer.AddUint32("count", 7);
  writer.AddFloat32("number", 1.5F);
  writer.AddBool("flag", true);
  writer.AddString("text", "words");
  writer.AddStrings("texts", std::array<std::string, 2>{"a", ""});
  writer.AddFloats("numbers", std::array<float, 2>{0.5F, -1.0F});
  writer.AddInts("integers", std::array<std::int32_t, 2>{-1, 9});
  const auto rows = [](std::uint64_t row, std::span<float> values) {
    for (float& value : values) value = static_cast<float>(row);
  };
  writer.AddTensor("odd", {3, 3}, DType::kF32, rows);  // 36 bytes: the next needs padding
  writer.AddTensor("blocks", {32, 2}, DType::kQ8_0, rows);
  return writer;
}

TEST(GgufWriter, WritesWhatTheReaderReads) {
  const std::vector<std::byte> bytes = Sample().ToBytes();
  const auto file = GgufFile::FromMemory(bytes, "sample.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->FindValue("count")->AsInteger(), 7);
  EXPECT_EQ(file->FindValue("number")->AsNumber(), 1.5);
  EXPECT_EQ(file->FindValue("flag")->AsBool(), true);
  EXPECT_EQ(file->FindValue("text")->AsString(), "words");
  EXPECT_THAT(file->FindValue("texts")->AsStrings().value(), ElementsAre("a", ""));
  EXPECT_THAT(file->FindValue("numbers")->AsNumbers().value(), ElementsAre(0.5, -1.0));
  EXPECT_THAT(file->FindValue("integers")->AsIntegers().value(), ElementsAre(-1, 9));
  const GgufTensor* odd = file->FindTensor("odd");
  std::array<float, 9> values{};
  ASSERT_TRUE(file->bytes().ReadAt(odd->offset, std::as_writable_bytes(std::span(values))).ok());
  EXPECT_THAT(values, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_EQ(file->FindTensor("blocks")->offset % 32, 0U);
}

TEST(GgufWriter, WritesTheSameBytesToAFileAndTellsProgress) {
  const std::string path = ::testing::TempDir() + "/braid_writer_test.gguf";
  std::uint64_t last = 0;
  int ends = 0;
  const Status status = Sample().Write(path, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GE(done, last);
    EXPECT_LE(done, total);
    last = done;
    ends += done == total ? 1 : 0;
  });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(ends, 1);
  const auto file = GgufFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const std::vector<std::byte> bytes = Sample().ToBytes();
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), file->bytes().bytes().begin(),
                         file->bytes().bytes().end()));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  std::filesystem::remove(path);
}

TEST(GgufWriter, SaysWhenAFileCannotBeWritten) {
  const Status status = Sample().Write("/no/such/folder/model.gguf");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("/no/such/folder"));
}

}  // namespace
}  // namespace braid
