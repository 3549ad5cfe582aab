#include "models/gguf/writer.h"
#include "models/spec_from_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

namespace braid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void Zeros(std::uint64_t, std::span<float> values) {
  for (float& value : values) value = 1.0F;
}

/// The least file that gives a spec; each test changes one thing.
struct SpecFile {
  std::string architecture = "llama";
  std::uint32_t heads = 4;
  std::uint64_t vocab = 10;
  bool minimal_keys = true;
  std::function<void(GgufWriter&)> extra = [](GgufWriter&) {};

  Result<ModelSpec> Read() const {
    GgufWriter writer;
    writer.AddString("general.architecture", architecture);
    if (minimal_keys) {
      writer.AddUint32(architecture + ".block_count", 2);
      writer.AddUint32(architecture + ".context_length", 128);
      writer.AddUint32(architecture + ".embedding_length", 64);
      writer.AddUint32(architecture + ".feed_forward_length", 96);
      writer.AddUint32(architecture + ".attention.head_count", heads);
      writer.AddFloat32(architecture + ".attention.layer_norm_rms_epsilon", 1e-6F);
    }
    writer.AddTensor("token_embd.weight", {64, vocab}, DType::kF32, Zeros);
    extra(writer);
    const std::vector<std::byte> bytes = writer.ToBytes();
    ASSIGN_OR_RETURN(const GgufFile file, GgufFile::FromMemory(bytes, "m.gguf"));
    return SpecFromGguf(file);
  }
  std::string Error() const {
    const auto spec = Read();
    return spec.ok() ? "" : spec.error().message();
  }
};

std::string ErrorWith(std::function<void(GgufWriter&)> extra) {
  return SpecFile{.extra = std::move(extra)}.Error();
}

ModelSpec SpecWith(std::function<void(GgufWriter&)> extra) {
  const auto spec = SpecFile{.extra = std::move(extra)}.Read();
  EXPECT_TRUE(spec.ok()) << spec.error().message();
  return spec.ok() ? *spec : ModelSpec{};
}

TEST(SpecFromGguf, TakesTheFieldsDefaultsForMissingKeys) {
  const auto spec = SpecFile{}.Read();
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  EXPECT_EQ(spec->num_kv_heads, 4);
  EXPECT_EQ(spec->head_dim, 16);
  EXPECT_EQ(spec->rope.theta, 10000.0F);
  EXPECT_EQ(spec->rope.rotated_dims, 16);
  EXPECT_EQ(spec->rope.scaling, RopeScaling::kNone);
  EXPECT_EQ(spec->vocab_size, 10);
  EXPECT_EQ(spec->norm_epsilon, 1e-6F);
  EXPECT_TRUE(spec->tied_embeddings);
  EXPECT_FALSE(spec->qkv_bias);
  EXPECT_FALSE(spec->qk_norm);
}

TEST(SpecFromGguf, PairsRotatedDimensionsAsTheArchitectureDoes) {
  EXPECT_EQ(SpecFile{.architecture = "llama"}.Read()->rope.pairing, RopePairing::kInterleaved);
  EXPECT_EQ(SpecFile{.architecture = "qwen2"}.Read()->rope.pairing, RopePairing::kHalves);
  EXPECT_EQ(SpecFile{.architecture = "qwen3"}.Read()->rope.pairing, RopePairing::kHalves);
  EXPECT_TRUE(SpecFile{.architecture = "qwen3"}.Read()->qk_norm);
}

TEST(SpecFromGguf, ReadsHeadsWiderThanTheirShare) {
  const ModelSpec spec = SpecWith([](GgufWriter& w) {
    w.AddUint32("llama.attention.key_length", 32);
    w.AddUint32("llama.attention.value_length", 32);
    w.AddUint32("llama.attention.head_count_kv", 2);
    w.AddUint32("llama.rope.dimension_count", 8);
  });
  EXPECT_EQ(spec.head_dim, 32);
  EXPECT_EQ(spec.num_kv_heads, 2);
  EXPECT_EQ(spec.rope.rotated_dims, 8);
}

TEST(SpecFromGguf, SeesBiasesAndOutputByTheirTensors) {
  const ModelSpec spec = SpecWith([](GgufWriter& w) {
    w.AddTensor("blk.0.attn_q.bias", {64}, DType::kF32, Zeros);
    w.AddTensor("output.weight", {64, 10}, DType::kF32, Zeros);
  });
  EXPECT_TRUE(spec.qkv_bias);
  EXPECT_FALSE(spec.tied_embeddings);
}

TEST(SpecFromGguf, AcceptsPerLayerKeysOnlyWhereLayersAreAlike) {
  EXPECT_EQ(SpecWith([](GgufWriter& w) {
              w.AddInts("llama.attention.head_count_kv", std::array<std::int32_t, 2>{2, 2});
            }).num_kv_heads,
            2);
  EXPECT_THAT(ErrorWith([](GgufWriter& w) {
                w.AddInts("llama.attention.head_count_kv", std::array<std::int32_t, 2>{2, 4});
              }),
              HasSubstr("layers that differ"));
}

TEST(SpecFromGguf, ReadsLinearScalingInBothSpellings) {
  const ModelSpec now = SpecWith([](GgufWriter& w) {
    w.AddString("llama.rope.scaling.type", "linear");
    w.AddFloat32("llama.rope.scaling.factor", 4.0F);
  });
  EXPECT_EQ(now.rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(now.rope.factor, 4.0F);
  const ModelSpec old =
      SpecWith([](GgufWriter& w) { w.AddFloat32("llama.rope.scale_linear", 2.0F); });
  EXPECT_EQ(old.rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(old.rope.factor, 2.0F);
  EXPECT_EQ(
      SpecWith([](GgufWriter& w) { w.AddFloat32("llama.rope.scale_linear", 1.0F); }).rope.scaling,
      RopeScaling::kNone);
}

TEST(SpecFromGguf, ReadsLlama3Scaling) {
  const ModelSpec spec = SpecWith([](GgufWriter& w) {
    w.AddString("llama.rope.scaling.type", "llama3");
    w.AddFloat32("llama.rope.scaling.factor", 8.0F);
    w.AddFloat32("llama.rope.scaling.low_freq_factor", 1.0F);
    w.AddFloat32("llama.rope.scaling.high_freq_factor", 4.0F);
    w.AddUint32("llama.rope.scaling.original_context_length", 64);
  });
  EXPECT_EQ(spec.rope.scaling, RopeScaling::kLlama3);
  EXPECT_EQ(spec.rope.factor, 8.0F);
  EXPECT_EQ(spec.rope.original_context, 64);
}

TEST(SpecFromGguf, StretchesLlama3OnlyOnceWhereFactorsAreStored) {
  const ModelSpec spec = SpecWith([](GgufWriter& w) {
    w.AddString("llama.rope.scaling.type", "llama3");
    w.AddFloat32("llama.rope.scaling.factor", 8.0F);
    w.AddTensor("rope_freqs.weight", {8}, DType::kF32, Zeros);
  });
  EXPECT_EQ(spec.rope.scaling, RopeScaling::kNone);
  EXPECT_EQ(spec.rope.frequency_factors, std::vector<float>(8, 1.0F));
}

TEST(SpecFromGguf, RefusesFrequencyFactorsOfAnotherShapeOrBelowZero) {
  EXPECT_THAT(
      ErrorWith([](GgufWriter& w) { w.AddTensor("rope_freqs.weight", {7}, DType::kF32, Zeros); }),
      HasSubstr("F32 [7]; expected F32 [8]"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) {
                w.AddTensor("rope_freqs.weight", {8}, DType::kF32,
                            [](std::uint64_t, std::span<float> v) { v[3] = -1.0F; });
              }),
              HasSubstr("divisors"));
}

TEST(SpecFromGguf, RefusesWhatItWouldComputeDifferently) {
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddString("llama.rope.scaling.type", "yarn"); }),
              HasSubstr("\"yarn\" is not supported; known are none, linear, llama3"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddUint32("llama.expert_count", 8); }),
              HasSubstr("mixture of experts"));
  EXPECT_EQ(ErrorWith([](GgufWriter& w) { w.AddUint32("llama.expert_count", 0); }), "");
  EXPECT_THAT(
      ErrorWith([](GgufWriter& w) { w.AddFloat32("llama.final_logit_softcapping", 30.0F); }),
      HasSubstr("soft-capped"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddBool("llama.attention.causal", false); }),
              HasSubstr("not causal"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddUint32("split.count", 3); }),
              HasSubstr("one of 3 parts"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddUint32("llama.attention.value_length", 8); }),
              HasSubstr("value_length is 8"));
}

TEST(SpecFromGguf, AcceptsASlidingWindowOnlyIfItNeverSlides) {
  const auto window = [](std::uint32_t tokens) {
    return ErrorWith(
        [tokens](GgufWriter& w) { w.AddUint32("llama.attention.sliding_window", tokens); });
  };
  EXPECT_EQ(window(0), "");
  EXPECT_EQ(window(128), "");
  EXPECT_EQ(window(4096), "");
  EXPECT_THAT(window(127), HasSubstr("slides over 127 of 128"));
}

TEST(SpecFromGguf, RefusesTensorsItDoesNotKnow) {
  for (const char* name :
       {"blk.0.attn_output.bias", "blk.0.ffn_gate_inp.weight", "blk.2.attn_q.weight",
        "blk.x.attn_q.weight", "blk.0attn_q.weight", "output.bias", "blk.-1.attn_q.weight"}) {
    EXPECT_THAT(ErrorWith([name](GgufWriter& w) { w.AddTensor(name, {64}, DType::kF32, Zeros); }),
                AllOf(HasSubstr(name), HasSubstr("would change the result")));
  }
}

TEST(SpecFromGguf, ListsTheArchitecturesItKnows) {
  EXPECT_THAT((SpecFile{.architecture = "gemma3"}.Error()),
              AllOf(HasSubstr("\"gemma3\" is not supported"), HasSubstr("llama, qwen2, qwen3")));
}

TEST(SpecFromGguf, NamesTheKeyThatIsMissingOrWrong) {
  EXPECT_THAT((SpecFile{.minimal_keys = false}.Error()), HasSubstr("llama.block_count is missing"));
  EXPECT_THAT((SpecFile{.minimal_keys = false,
                        .extra = [](GgufWriter& w) { w.AddString("llama.block_count", "two"); }}
                   .Error()),
              HasSubstr("llama.block_count is \"two\"; expected a whole number"));
  EXPECT_THAT((SpecFile{.heads = 3}.Error()), HasSubstr("not a multiple"));
  EXPECT_THAT((SpecFile{.heads = 0}.Error()), HasSubstr("head_count"));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddUint32("llama.attention.head_count_kv", 3); }),
              AllOf(HasSubstr("m.gguf"), HasSubstr("KV heads")));
  EXPECT_THAT(ErrorWith([](GgufWriter& w) { w.AddUint32("llama.attention.head_count_kv", 0); }),
              HasSubstr("KV head count is 0"));
}

TEST(SpecFromGguf, RefusesATokenizerOfAnotherSizeThanTheTable) {
  EXPECT_THAT(ErrorWith([](GgufWriter& w) {
                w.AddStrings("tokenizer.ggml.tokens", std::array<std::string, 2>{"a", "b"});
              }),
              AllOf(HasSubstr("2 tokens"), HasSubstr("10 rows"), HasSubstr("do not belong")));
}

}  // namespace
}  // namespace braid
