#include "base/hash.h"
#include "models/gguf/random_model.h"
#include "models/gguf/random_vocabulary.h"
#include "models/spec_from_gguf.h"
#include "models/vocabulary_from_gguf.h"
#include "tests/models/tiny_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace braid {
namespace {

std::vector<RandomModel> ModelsOfAllKinds() {
  RandomModel plain{.spec = SmallSpec(), .dtype = DType::kF32};
  RandomModel qwen2 = plain;
  qwen2.spec.architecture = "qwen2";
  qwen2.spec.rope.pairing = RopePairing::kHalves;
  qwen2.spec.qkv_bias = true;
  qwen2.spec.tied_embeddings = true;
  RandomModel qwen3 = plain;
  qwen3.spec.architecture = "qwen3";
  qwen3.spec.rope.pairing = RopePairing::kHalves;
  qwen3.spec.qk_norm = true;
  qwen3.spec.head_dim = 24;
  qwen3.spec.rope.rotated_dims = 24;
  RandomModel linear = plain;
  linear.spec.rope.scaling = RopeScaling::kLinear;
  linear.spec.rope.factor = 4.0F;
  RandomModel llama3 = plain;
  llama3.spec.rope.scaling = RopeScaling::kLlama3;
  llama3.spec.rope.factor = 32.0F;
  llama3.spec.rope.original_context = 512;
  RandomModel factors = plain;
  factors.spec.rope.frequency_factors = {1, 1, 1, 1.5F, 2, 4, 8, 8};
  RandomModel bare = plain;
  bare.spec.vocab_size = 17;
  bare.tokenizer = false;
  return {plain, qwen2, qwen3, linear, llama3, factors, bare};
}

TEST(RandomModel, GivesBackItsSpec) {
  for (const RandomModel& model : ModelsOfAllKinds()) {
    const ModelInMemory memory(model);
    const auto spec = SpecFromGguf(memory.file());
    ASSERT_TRUE(spec.ok()) << spec.error().message();
    EXPECT_EQ(*spec, model.spec);
  }
}

TEST(RandomModel, GivesBackItsVocabulary) {
  const ModelInMemory memory({.spec = SmallSpec()});
  const auto read = VocabularyFromGguf(memory.file());
  ASSERT_TRUE(read.ok()) << read.error().message();
  const Vocabulary made = MakeRandomVocabulary(300);
  EXPECT_EQ(read->tokens, made.tokens);
  EXPECT_EQ(read->scores, made.scores);
  EXPECT_EQ(read->types, made.types);
  EXPECT_EQ(read->bos_id, 1);
  EXPECT_EQ(read->eos_id, 2);
  EXPECT_EQ(read->unknown_id, 0);
  EXPECT_TRUE(read->add_bos);
  EXPECT_TRUE(read->add_space_prefix);
}

TEST(RandomModel, IsTheSameOnEveryMachine) {
  // Fixed once; another value here means that files of a seed have changed for everybody.
  EXPECT_EQ(HashBytes(BytesOf({.spec = SmallSpec(), .dtype = DType::kF32, .seed = 1})),
            2268424505907043336U);
  EXPECT_EQ(HashBytes(BytesOf({.spec = SmallSpec(), .dtype = DType::kQ8_0, .seed = 2})),
            13883513066177461491U);
}

TEST(RandomModel, WeightsHaveTheStatedSpread) {
  RandomModel model{.spec = SmallSpec(), .dtype = DType::kF32};
  model.spec.model_dim = 256;
  model.spec.ffn_dim = 512;
  const ModelInMemory memory(model);
  const GgufTensor* down = memory.file().FindTensor("blk.1.ffn_down.weight");
  std::vector<float> values(down->bytes / 4);
  ASSERT_TRUE(
      memory.file().bytes().ReadAt(down->offset, std::as_writable_bytes(std::span(values))).ok());
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(sum / count, 0.0, 5e-4);
  EXPECT_NEAR(std::sqrt(squares / count) * std::sqrt(512.0), 1.0, 0.01);
}

TEST(RandomModel, RefusesSpecsThatNoFileCanState) {
  RandomModel model{.spec = SmallSpec()};
  model.spec.vocab_size = 100;
  EXPECT_THAT(MakeRandomModel(model).error().message(), ::testing::HasSubstr("too small"));
  model.spec.vocab_size = 0;
  EXPECT_EQ(MakeRandomModel(model).error().code(), StatusCode::kInvalidArgument);
}

TEST(RandomModel, KnowsShapesByName) {
  const auto spec = SpecOfShape("tinyllama-1.1b");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->model_dim, 2048);
  EXPECT_TRUE(ValidateModelSpec(*spec).ok());
  EXPECT_THAT(SpecOfShape("nonesuch").error().message(), ::testing::HasSubstr("smollm2-135m"));
}

TEST(RandomVocabulary, HasUniqueTokensWhosePrefixesAreTokens) {
  for (const std::int32_t size : {kLeastRandomVocabulary, 277, 300, 5000, 32000}) {
    const Vocabulary vocabulary = MakeRandomVocabulary(size);
    ASSERT_EQ(vocabulary.tokens.size(), static_cast<std::size_t>(size));
    const std::set<std::string> tokens(vocabulary.tokens.begin(), vocabulary.tokens.end());
    EXPECT_EQ(tokens.size(), vocabulary.tokens.size());
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
      const std::string& token = vocabulary.tokens[i];
      const bool word = vocabulary.types[i] == Vocabulary::TokenType::kNormal && token.size() > 1 &&
                        token.back() >= 'a' && token.back() <= 'z';
      if (!word) continue;
      ASSERT_TRUE(tokens.contains(token.substr(0, token.size() - 1))) << token;
    }
  }
}

}  // namespace
}  // namespace braid
