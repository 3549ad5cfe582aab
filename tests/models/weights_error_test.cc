#include "models/weights.h"
#include "tests/models/gguf_bytes.h"
#include "tests/models/shard_model.h"
#include "tests/models/tiny_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace braid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The tiny model's tensors as a table that can be spoilt, over data of zeros.
struct TensorTable {
  struct Entry {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type = 0;
  };
  std::vector<Entry> entries;

  TensorTable() {
    const ModelInMemory memory(TinyModel());
    for (const GgufTensor& tensor : memory.file().tensors()) {
      entries.push_back({std::string(tensor.name), tensor.dims, tensor.type->number});
    }
  }
  Entry& operator[](std::string_view name) {
    for (Entry& entry : entries) {
      if (entry.name == name) return entry;
    }
    BRAID_CHECK(false);
    return entries[0];
  }
  std::string ErrorOfLoading() const {
    constexpr std::uint64_t kStride = 65536;
    GgufBytes bytes;
    bytes.Head(3, entries.size(), 0);
    std::uint64_t offset = 0;
    for (const Entry& entry : entries) {
      bytes.Tensor(entry.name, entry.dims, entry.type, offset);
      offset += kStride;
    }
    bytes.Data(offset);
    const auto file = GgufFile::FromMemory(bytes.bytes(), "m.gguf");
    BRAID_CHECK(file.ok());
    const ModelSpec spec = TinyModel().spec;
    const auto weights = LoadWeights(*file, spec, WholeModel(spec));
    const auto sizes = WeightBytes(*file, spec, WholeModel(spec));
    EXPECT_EQ(weights.ok(), sizes.ok());
    return weights.ok() ? "" : weights.error().message();
  }
};

TEST(LoadWeights, LoadsTheTableThatTheseTestsSpoil) {
  EXPECT_EQ(TensorTable().ErrorOfLoading(), "");
}

TEST(LoadWeights, NamesEachMissingTensor) {
  const TensorTable whole;
  for (std::size_t i = 0; i < whole.entries.size(); ++i) {
    TensorTable table;
    table.entries.erase(table.entries.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_THAT(table.ErrorOfLoading(),
                AllOf(HasSubstr("m.gguf"), HasSubstr("tensor " + whole.entries[i].name + " ["),
                      HasSubstr("is missing")));
  }
}

TEST(LoadWeights, NamesFoundAndExpectedShape) {
  TensorTable table;
  table["blk.0.attn_k.weight"].dims = {32, 32};
  EXPECT_THAT(table.ErrorOfLoading(),
              HasSubstr("blk.0.attn_k.weight has shape [32, 32]; expected [32, 16]"));
  TensorTable flat;
  flat["token_embd.weight"].dims = {512};
  EXPECT_THAT(flat.ErrorOfLoading(), HasSubstr("has shape [512]; expected [32, 16]"));
  TensorTable norm;
  norm["output_norm.weight"].dims = {16};
  EXPECT_THAT(norm.ErrorOfLoading(), HasSubstr("output_norm.weight has shape [16]"));
}

TEST(LoadWeights, NamesTheTypeThatCannotBeRunAndThoseThatCan) {
  TensorTable table;
  table["blk.0.ffn_up.weight"].type = 6;
  EXPECT_THAT(table.ErrorOfLoading(), AllOf(HasSubstr("blk.0.ffn_up.weight is Q5_0"),
                                            HasSubstr("F32, F16, Q4_0, Q4_1, Q8_0, BF16")));
}

TEST(LoadWeights, FailsAlikeOnRanksThatDoNotHoldTheBadTensor) {
  RandomModel model = TinyModel();
  const ModelInMemory memory(model);
  model.spec.num_layers = 2;  // the file has one
  for (const ModelShard& shard : ShardsOf(model.spec, 1, 2)) {
    const auto weights = LoadWeights(memory.file(), model.spec, shard);
    ASSERT_FALSE(weights.ok());
    EXPECT_THAT(weights.error().message(), HasSubstr("blk.1.attn_norm.weight [32] is missing"));
  }
}

TEST(LoadWeights, RefusesShardsOutsideTheModel) {
  const ModelInMemory memory(TinyModel());
  const ModelSpec spec = TinyModel().spec;
  const auto error = [&](auto change) {
    ModelShard shard = WholeModel(spec);
    change(shard);
    const auto weights = LoadWeights(memory.file(), spec, shard);
    return weights.ok() ? "" : weights.error().message();
  };
  EXPECT_THAT(error([](ModelShard& s) { s.layers = {0, 2}; }), HasSubstr("layers is [0, 2)"));
  EXPECT_THAT(error([](ModelShard& s) { s.heads = {-1, 1}; }), HasSubstr("heads is [-1, 1)"));
  EXPECT_THAT(error([](ModelShard& s) { s.ffn = {8, 4}; }), HasSubstr("[8, 4)"));
  EXPECT_THAT(error([](ModelShard& s) { s.vocab = {0, 17}; }), HasSubstr("the model has 16"));
}

}  // namespace
}  // namespace braid
