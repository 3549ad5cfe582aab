// Whatever the split, the shards of all ranks are exactly the parts of the whole.

#include "models/gguf/quantize.h"
#include "models/spec_from_gguf.h"
#include "models/weights.h"
#include "tests/models/shard_model.h"
#include "tests/models/tiny_model.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace braid {
namespace {

std::vector<float> Row(const WeightView& view, std::int32_t row) {
  std::vector<float> values(static_cast<std::size_t>(view.cols));
  const std::byte* data = view.data + static_cast<std::size_t>(row) * view.row_bytes;
  DequantizeRow(view.dtype, {data, view.row_bytes}, values);
  return values;
}

// The tensor as the file has it, widened, independent of the loader.
std::vector<std::vector<float>> Stored(const GgufFile& file, const std::string& name) {
  const GgufTensor* tensor = file.FindTensor(name);
  BRAID_CHECK(tensor != nullptr);
  WeightView view{.data = file.bytes().bytes().data() + tensor->offset,
                  .dtype = *tensor->type->dtype,
                  .rows = static_cast<std::int32_t>(tensor->dims.size() > 1 ? tensor->dims[1] : 1),
                  .cols = static_cast<std::int32_t>(tensor->dims[0])};
  view.row_bytes = DTypeBytes(view.dtype, tensor->dims[0]);
  std::vector<std::vector<float>> rows;
  for (std::int32_t row = 0; row < view.rows; ++row) rows.push_back(Row(view, row));
  return rows;
}

std::vector<float> Cut(const std::vector<float>& row, IndexRange cols) {
  return {row.begin() + cols.begin, row.begin() + cols.end};
}

IndexRange Times(IndexRange range, std::int32_t factor) {
  return {range.begin * factor, range.end * factor};
}

/// Compares one rank's weights with the file.
class ShardCheck {
 public:
  ShardCheck(const GgufFile& file, const ModelSpec& spec, const ModelShard& shard)
      : file_(file), spec_(spec), shard_(shard) {}

  void Matrix(const std::string& name, const WeightView& view, IndexRange rows, IndexRange cols) {
    const auto stored = Stored(file_, name);
    ASSERT_EQ(view.rows, rows.size()) << name;
    ASSERT_EQ(view.cols, cols.size()) << name;
    for (std::int32_t row = 0; row < view.rows; ++row) {
      ASSERT_EQ(Row(view, row), Cut(stored[static_cast<std::size_t>(rows.begin + row)], cols))
          << name << " row " << row;
    }
  }
  void Vector(const std::string& name, const std::vector<float>& values, IndexRange part) {
    ASSERT_EQ(values, Cut(Stored(file_, name)[0], part)) << name;
  }
  void Layer(std::int32_t layer, const LayerWeights& weights);
  void All(const ModelWeights& weights);

 private:
  const GgufFile& file_;
  const ModelSpec& spec_;
  const ModelShard& shard_;
};

void ShardCheck::Layer(std::int32_t layer, const LayerWeights& weights) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const IndexRange model{0, spec_.model_dim};
  const IndexRange heads = Times(shard_.heads, spec_.head_dim);
  const IndexRange kv_heads = Times(shard_.kv_heads, spec_.head_dim);
  Vector(prefix + "attn_norm.weight", weights.attn_norm, model);
  Matrix(prefix + "attn_q.weight", weights.q, heads, model);
  Matrix(prefix + "attn_k.weight", weights.k, kv_heads, model);
  Matrix(prefix + "attn_v.weight", weights.v, kv_heads, model);
  Matrix(prefix + "attn_output.weight", weights.o, model, heads);
  Vector(prefix + "ffn_norm.weight", weights.ffn_norm, model);
  Matrix(prefix + "ffn_gate.weight", weights.gate, shard_.ffn, model);
  Matrix(prefix + "ffn_up.weight", weights.up, shard_.ffn, model);
  Matrix(prefix + "ffn_down.weight", weights.down, model, shard_.ffn);
  EXPECT_EQ(weights.q_bias.empty(), !spec_.qkv_bias);
  EXPECT_EQ(weights.q_norm.empty(), !spec_.qk_norm);
  if (spec_.qkv_bias) {
    Vector(prefix + "attn_q.bias", weights.q_bias, heads);
    Vector(prefix + "attn_k.bias", weights.k_bias, kv_heads);
    Vector(prefix + "attn_v.bias", weights.v_bias, kv_heads);
  }
  if (spec_.qk_norm) {
    Vector(prefix + "attn_q_norm.weight", weights.q_norm, {0, spec_.head_dim});
    Vector(prefix + "attn_k_norm.weight", weights.k_norm, {0, spec_.head_dim});
  }
}

void ShardCheck::All(const ModelWeights& weights) {
  const IndexRange model{0, spec_.model_dim};
  ASSERT_EQ(weights.layers.size(), static_cast<std::size_t>(shard_.layers.size()));
  for (std::int32_t i = 0; i < shard_.layers.size(); ++i) {
    Layer(shard_.layers.begin + i, weights.layers[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(weights.embedding.data != nullptr, shard_.first_stage());
  EXPECT_EQ(weights.output.data != nullptr, shard_.last_stage());
  if (shard_.first_stage()) Matrix("token_embd.weight", weights.embedding, shard_.vocab, model);
  if (!shard_.last_stage()) return;
  Vector("output_norm.weight", weights.final_norm, model);
  Matrix(spec_.tied_embeddings ? "token_embd.weight" : "output.weight", weights.output,
         shard_.vocab, model);
}

// 5 layers, 6 heads over 3 KV heads (1 and 2 of each do not divide by 4), odd feed-forward and
// vocabulary; 16-wide heads, so that cuts between heads fall inside 32-wide blocks too.
RandomModel OddModel(DType dtype, const std::string& architecture) {
  RandomModel model{.spec = SmallSpec(), .dtype = dtype};
  model.spec.architecture = architecture;
  model.spec.rope.pairing =
      architecture == "llama" ? RopePairing::kInterleaved : RopePairing::kHalves;
  model.spec.qkv_bias = architecture == "qwen2";
  model.spec.qk_norm = architecture == "qwen3";
  model.spec.tied_embeddings = architecture != "llama";
  model.spec.num_layers = 5;
  model.spec.num_heads = 6;
  model.spec.num_kv_heads = 3;
  model.spec.head_dim = 16;
  model.spec.ffn_dim = 224;
  model.spec.vocab_size = 271;
  return model;
}

class ShardedWeights
    : public ::testing::TestWithParam<std::tuple<DType, std::string, WeightDType>> {};

TEST_P(ShardedWeights, AreThePartsOfTheWhole) {
  const auto [dtype, architecture, held] = GetParam();
  const ModelInMemory memory(OddModel(dtype, architecture));
  const auto spec = SpecFromGguf(memory.file());
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  for (const std::int32_t tensor_size : {1, 2, 3, 4}) {
    for (const std::int32_t num_stages : {1, 2, 3}) {
      for (const ModelShard& shard : ShardsOf(*spec, tensor_size, num_stages)) {
        const auto weights = LoadWeights(memory.file(), *spec, shard, {.dtype = held});
        ASSERT_TRUE(weights.ok()) << weights.error().message();
        ShardCheck(memory.file(), *spec, shard).All(*weights);
        if (HasFatalFailure()) return;
      }
    }
  }
}

std::string CaseName(const ::testing::TestParamInfo<ShardedWeights::ParamType>& info) {
  const auto& [dtype, architecture, held] = info.param;
  return std::string(DTypeName(dtype)) + "_" + architecture +
         (held == WeightDType::kF32 ? "_widened" : "");
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, ShardedWeights,
    ::testing::Combine(::testing::Values(DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0,
                                         DType::kQ4_0, DType::kQ4_1),
                       ::testing::Values("llama", "qwen2", "qwen3"),
                       ::testing::Values(WeightDType::kAsStored, WeightDType::kF32)),
    CaseName);

}  // namespace
}  // namespace braid
