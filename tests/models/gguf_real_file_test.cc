// A real, trained model, where BRAID_TEST_STORIES260K names its file or folder.

#include "models/gguf/fingerprint.h"
#include "models/spec_from_gguf.h"
#include "models/vocabulary_from_gguf.h"
#include "models/weights.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace braid {
namespace {

class Stories260K : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("BRAID_TEST_STORIES260K");
    if (path == nullptr) GTEST_SKIP() << "BRAID_TEST_STORIES260K is not set";
    path_ = path;
    if (std::filesystem::is_directory(path_)) path_ += "/stories260K.gguf";
  }
  std::string path_;
};

TEST_F(Stories260K, HasTheSpecItsReadmeStates) {
  const auto file = GgufFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const auto spec = SpecFromGguf(*file);
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  ModelSpec expected;
  expected.architecture = "llama";
  expected.name = "llama";
  expected.model_dim = 64;
  expected.num_layers = 5;
  expected.num_heads = 8;
  expected.num_kv_heads = 4;
  expected.head_dim = 8;
  expected.ffn_dim = 172;
  expected.vocab_size = 512;
  expected.context_length = 2048;
  expected.norm_epsilon = 1e-5F;
  expected.rope.rotated_dims = 8;
  EXPECT_EQ(*spec, expected) << "output.weight is stored, so the embeddings are not tied";
}

TEST_F(Stories260K, HasTheVocabularyItsReadmeStates) {
  const auto file = GgufFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const auto vocabulary = VocabularyFromGguf(*file);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message();
  EXPECT_EQ(vocabulary->tokens.size(), 512U);
  EXPECT_EQ(vocabulary->scores.size(), 512U);
  EXPECT_EQ(vocabulary->types[3], Vocabulary::TokenType::kByte);
  EXPECT_EQ(vocabulary->bos_id, 1);
  EXPECT_EQ(vocabulary->eos_id, 2);
  EXPECT_TRUE(vocabulary->add_bos);
}

TEST_F(Stories260K, LoadsWhole) {
  const auto file = GgufFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const auto spec = SpecFromGguf(*file);
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  const ModelShard whole{
      .layers = {0, 5}, .heads = {0, 8}, .kv_heads = {0, 4}, .ffn = {0, 172}, .vocab = {0, 512}};
  const auto weights = LoadWeights(*file, *spec, whole);
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  std::uint64_t stored = 0;
  for (const GgufTensor& tensor : file->tensors()) stored += tensor.bytes;
  EXPECT_EQ(weights->sizes.total(), stored);
  EXPECT_TRUE(Fingerprint(*file).ok());
}

}  // namespace
}  // namespace braid
