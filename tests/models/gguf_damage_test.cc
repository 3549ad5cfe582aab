// Every truncation and many bit flips of a whole model: each must give a value or an error, touch
// nothing outside the bytes (the address sanitizer watches) and ask for no absurd memory.

#include "models/gguf/fingerprint.h"
#include "models/gguf/random_vocabulary.h"
#include "models/spec_from_gguf.h"
#include "models/vocabulary_from_gguf.h"
#include "models/weights.h"
#include "tests/models/tiny_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace braid {
namespace {

ModelShard Everything(const ModelSpec& spec) {
  return {.layers = {0, spec.num_layers},
          .heads = {0, spec.num_heads},
          .kv_heads = {0, spec.num_kv_heads},
          .ffn = {0, spec.ffn_dim},
          .vocab = {0, spec.vocab_size}};
}

// Walks all that a program does with a file; true if all of it worked.
bool UseAll(std::span<const std::byte> bytes) {
  const auto file = GgufFile::FromMemory(bytes, "damaged.gguf");
  if (!file.ok()) return false;
  for (const auto& [key, value] : file->metadata()) EXPECT_FALSE(value.Describe().empty());
  EXPECT_TRUE(Fingerprint(*file).ok());
  // Not every file has one, and spec and weights do without.
  static_cast<void>(VocabularyFromGguf(*file));
  const auto spec = SpecFromGguf(*file);
  if (!spec.ok()) return false;
  const auto weights = LoadWeights(*file, *spec, Everything(*spec));
  const auto sizes = WeightBytes(*file, *spec, Everything(*spec));
  EXPECT_EQ(weights.ok(), sizes.ok());
  return weights.ok();
}

std::vector<std::byte> FileWithTokenizer() {
  RandomModel model = TinyModel();
  model.spec.vocab_size = kLeastRandomVocabulary;
  model.tokenizer = true;
  return BytesOf(model);
}

std::uint64_t HeaderBytes(std::span<const std::byte> bytes) {
  return GgufFile::FromMemory(bytes, "whole.gguf")->data_offset();
}

// Flips each bit of every `stride`-th byte of the header in turn; how many flips were refused.
int FlipBits(std::vector<std::byte> bytes, std::size_t stride) {
  int refused = 0;
  for (std::size_t i = 0; i < HeaderBytes(bytes); i += stride) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::byte mask{static_cast<unsigned char>(1 << bit)};
      bytes[i] ^= mask;
      if (!UseAll(bytes)) ++refused;
      bytes[i] ^= mask;
    }
  }
  EXPECT_TRUE(UseAll(bytes));
  return refused;
}

TEST(DamagedGguf, EveryTruncationIsAnError) {
  const std::vector<std::byte> whole = BytesOf(TinyModel());
  ASSERT_TRUE(UseAll(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // A copy of exactly this length, so that reading past the end is seen.
    const std::vector<std::byte> cut(whole.begin(),
                                     whole.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_FALSE(UseAll(cut)) << "cut to " << length << " of " << whole.size();
  }
}

TEST(DamagedGguf, NoFlippedBitOfTheHeaderDoesHarm) {
  EXPECT_GT(FlipBits(BytesOf(TinyModel()), 1), 100);
  EXPECT_GT(FlipBits(FileWithTokenizer(), 13), 100);
}

TEST(DamagedGguf, AnyValueInAnyCountOrLengthIsSurvived) {
  const std::vector<std::byte> whole = BytesOf(TinyModel());
  int refused = 0;
  for (const unsigned value : {0x00U, 0x7FU, 0x80U, 0xFFU}) {
    for (const std::size_t width : {4U, 8U}) {
      for (std::size_t i = 0; i + width <= HeaderBytes(whole); ++i) {
        std::vector<std::byte> bytes = whole;
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(i), width,
                    static_cast<std::byte>(value));
        if (!UseAll(bytes)) ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace braid
