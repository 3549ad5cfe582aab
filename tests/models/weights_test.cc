#include "models/weights.h"

#include "models/spec_from_gguf.h"
#include "tests/models/shard_model.h"
#include "tests/models/tiny_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace braid {
namespace {

bool InFile(const GgufFile& file, const WeightView& view) {
  const std::span<const std::byte> bytes = file.bytes().bytes();
  return view.data >= bytes.data() && view.data < bytes.data() + bytes.size();
}

std::uint64_t BytesOf(const WeightView& view) {
  return static_cast<std::uint64_t>(view.rows) * view.row_bytes;
}

// What the views and vectors really hold, by place.
WeightSizes Measured(const GgufFile& file, const ModelWeights& weights, bool shared_ends) {
  WeightSizes sizes;
  const auto matrix = [&](const WeightView& view, std::uint64_t& category) {
    category += BytesOf(view);
    (InFile(file, view) ? sizes.mapped : sizes.copied) += BytesOf(view);
  };
  const auto vector = [&](const std::vector<float>& values) {
    sizes.norms += values.size() * sizeof(float);
    sizes.copied += values.size() * sizeof(float);
  };
  for (const LayerWeights& layer : weights.layers) {
    for (const auto* view : {&layer.q, &layer.k, &layer.v, &layer.o})
      matrix(*view, sizes.attention);
    for (const auto* view : {&layer.gate, &layer.up, &layer.down}) matrix(*view, sizes.ffn);
    for (const auto* values : {&layer.attn_norm, &layer.q_bias, &layer.k_bias, &layer.v_bias,
                               &layer.q_norm, &layer.k_norm, &layer.ffn_norm}) {
      vector(*values);
    }
  }
  matrix(weights.embedding, sizes.embedding);
  vector(weights.final_norm);
  if (!shared_ends) matrix(weights.output, sizes.output);
  return sizes;
}

TEST(WeightBytes, EqualsWhatLoadingHolds) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    for (const bool tied : {false, true}) {
      RandomModel model{.spec = SmallSpec(), .dtype = dtype};
      model.spec.tied_embeddings = tied;
      model.spec.num_layers = 3;
      const ModelInMemory memory(model);
      for (const std::int32_t tensor_size : {1, 3}) {
        for (const std::int32_t num_stages : {1, 2}) {
          for (const ModelShard& shard : ShardsOf(model.spec, tensor_size, num_stages)) {
            const auto weights = LoadWeights(memory.file(), model.spec, shard);
            const auto sizes = WeightBytes(memory.file(), model.spec, shard);
            ASSERT_TRUE(weights.ok() && sizes.ok());
            EXPECT_EQ(*sizes, weights->sizes);
            EXPECT_EQ(*sizes, Measured(memory.file(), *weights, tied && num_stages == 1));
            EXPECT_EQ(sizes->total(), sizes->mapped + sizes->copied);
          }
        }
      }
    }
  }
}

TEST(LoadWeights, ViewsTheFileWhereOneRankHoldsAll) {
  const ModelInMemory memory({.spec = SmallSpec(), .dtype = DType::kQ8_0});
  const auto weights = LoadWeights(memory.file(), SmallSpec(), WholeModel(SmallSpec()));
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  for (const LayerWeights& layer : weights->layers) {
    EXPECT_TRUE(InFile(memory.file(), layer.o));
    EXPECT_TRUE(InFile(memory.file(), layer.down));
  }
  EXPECT_EQ(weights->sizes.copied, weights->sizes.norms);
  EXPECT_TRUE(weights->notes.empty());
}

TEST(LoadWeights, CopiesOnlyWhatIsCutByColumns) {
  const ModelInMemory memory({.spec = SmallSpec(), .dtype = DType::kQ8_0});
  const ModelShard shard = ShardsOf(SmallSpec(), 2, 1, 32)[1];
  const auto weights = LoadWeights(memory.file(), SmallSpec(), shard);
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  const LayerWeights& layer = weights->layers[0];
  for (const WeightView& view :
       {layer.q, layer.k, layer.v, layer.gate, layer.up, weights->embedding, weights->output}) {
    EXPECT_TRUE(InFile(memory.file(), view));
  }
  for (const WeightView& view : {layer.o, layer.down}) {
    EXPECT_FALSE(InFile(memory.file(), view));
    EXPECT_EQ(view.dtype, DType::kQ8_0);
    EXPECT_EQ(view.row_bytes, DTypeBytes(DType::kQ8_0, static_cast<std::size_t>(view.cols)));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 64, 0U);
  }
}

TEST(LoadWeights, WidensColumnCutsInsideABlockAndSaysSo) {
  const ModelInMemory memory({.spec = SmallSpec(), .dtype = DType::kQ8_0});
  // 96 wide feed-forward over 2 ranks: 48 is inside a block of 32.
  const ModelShard shard = ShardsOf(SmallSpec(), 2, 1)[0];
  const auto weights = LoadWeights(memory.file(), SmallSpec(), shard);
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  EXPECT_EQ(weights->layers[0].down.dtype, DType::kF32);
  EXPECT_EQ(weights->layers[0].o.dtype, DType::kQ8_0);
  ASSERT_EQ(weights->notes.size(), 1U);
  EXPECT_THAT(weights->notes[0], ::testing::HasSubstr("ffn_down.weight of 2 layers"));
  std::vector<std::string> notes;
  ASSERT_TRUE(WeightBytes(memory.file(), SmallSpec(), shard, {}, &notes).ok());
  EXPECT_EQ(notes, weights->notes);
}

TEST(LoadWeights, SharesTiedEmbeddingsOnOneRank) {
  RandomModel model{.spec = SmallSpec(), .dtype = DType::kQ8_0};
  model.spec.tied_embeddings = true;
  const ModelInMemory memory(model);
  for (const WeightDType dtype : {WeightDType::kAsStored, WeightDType::kF32}) {
    const auto weights =
        LoadWeights(memory.file(), model.spec, WholeModel(model.spec), {.dtype = dtype});
    ASSERT_TRUE(weights.ok()) << weights.error().message();
    EXPECT_EQ(weights->output.data, weights->embedding.data);
    EXPECT_EQ(weights->sizes.output, 0U);
  }
}

TEST(LoadWeights, ReadsFromAMappedFileAsFromMemory) {
  const std::string path = ::testing::TempDir() + "/braid_weights_test.gguf";
  const RandomModel model{.spec = SmallSpec(), .dtype = DType::kQ4_1};
  ASSERT_TRUE(MakeRandomModel(model)->Write(path).ok());
  const ModelInMemory memory(model);
  {
    const auto file = GgufFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.error().message();
    for (const bool populate : {false, true}) {
      for (const ModelShard& shard : ShardsOf(model.spec, 2, 1, 32)) {
        const auto mapped = LoadWeights(*file, model.spec, shard, {.populate = populate});
        const auto expected = LoadWeights(memory.file(), model.spec, shard);
        ASSERT_TRUE(mapped.ok()) << mapped.error().message();
        for (const auto member : {&LayerWeights::q, &LayerWeights::down}) {
          const WeightView& a = mapped->layers[1].*member;
          const WeightView& b = expected->layers[1].*member;
          ASSERT_EQ(BytesOf(a), BytesOf(b));
          EXPECT_TRUE(std::equal(a.data, a.data + BytesOf(a), b.data));
        }
      }
    }
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace braid
