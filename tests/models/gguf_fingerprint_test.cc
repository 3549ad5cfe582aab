#include "models/gguf/fingerprint.h"
#include "tests/models/tiny_model.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

std::uint64_t FingerprintOf(std::span<const std::byte> bytes) {
  const auto file = GgufFile::FromMemory(bytes, "test.gguf");
  BRAID_CHECK(file.ok());
  const auto fingerprint = Fingerprint(*file);
  BRAID_CHECK(fingerprint.ok());
  return *fingerprint;
}

TEST(Fingerprint, IsTheSameForTheSameBytes) {
  EXPECT_EQ(FingerprintOf(BytesOf(TinyModel())), FingerprintOf(BytesOf(TinyModel())));
}

TEST(Fingerprint, DiffersWithMetadataTensorTableAndSeed) {
  const std::uint64_t base = FingerprintOf(BytesOf(TinyModel()));
  RandomModel renamed = TinyModel();
  renamed.spec.name[0] = 'R';
  EXPECT_NE(FingerprintOf(BytesOf(renamed)), base);
  RandomModel other_type = TinyModel();
  other_type.dtype = DType::kQ4_0;
  EXPECT_NE(FingerprintOf(BytesOf(other_type)), base);
  RandomModel other_seed = TinyModel();
  other_seed.seed = 2;
  EXPECT_NE(FingerprintOf(BytesOf(other_seed)), base);
}

TEST(Fingerprint, DiffersWithAnyBitOfASmallTensor) {
  std::vector<std::byte> bytes = BytesOf(TinyModel());
  const std::uint64_t base = FingerprintOf(bytes);
  const auto file = GgufFile::FromMemory(bytes, "test.gguf");
  for (const GgufTensor& tensor : file->tensors()) {
    for (const std::uint64_t at :
         {tensor.offset, tensor.offset + tensor.bytes / 2, tensor.offset + tensor.bytes - 1}) {
      bytes[at] ^= std::byte{1};
      EXPECT_NE(FingerprintOf(bytes), base) << tensor.name << " at " << at;
      bytes[at] ^= std::byte{1};
    }
  }
}

TEST(Fingerprint, DiffersWithTheEndsOfALargeTensorAndWithTrailingBytes) {
  RandomModel model = TinyModel();
  model.dtype = DType::kF32;
  model.spec.vocab_size = 1000;
  std::vector<std::byte> bytes = BytesOf(model);
  const std::uint64_t base = FingerprintOf(bytes);
  const auto file = GgufFile::FromMemory(bytes, "test.gguf");
  const GgufTensor* table = file->FindTensor("token_embd.weight");
  ASSERT_GT(table->bytes, 32U * 1024);
  for (const std::uint64_t at : {table->offset, table->offset + table->bytes - 1}) {
    bytes[at] ^= std::byte{1};
    EXPECT_NE(FingerprintOf(bytes), base);
    bytes[at] ^= std::byte{1};
  }
  bytes.resize(bytes.size() + 32);
  EXPECT_NE(FingerprintOf(bytes), base);
}

}  // namespace
}  // namespace braid
