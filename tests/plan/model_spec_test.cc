#include "plan/model_spec.h"

#include <gtest/gtest.h>

#include <limits>

namespace braid {
namespace {

ModelSpec Small() {
  ModelSpec spec;
  spec.architecture = "llama";
  spec.model_dim = 64;
  spec.num_layers = 2;
  spec.num_heads = 8;
  spec.num_kv_heads = 4;
  spec.head_dim = 8;
  spec.ffn_dim = 172;
  spec.vocab_size = 512;
  spec.context_length = 2048;
  spec.rope.rotated_dims = 8;
  return spec;
}

TEST(ModelSpec, AcceptsAnOrdinaryModel) { EXPECT_TRUE(ValidateModelSpec(Small()).ok()); }

TEST(ModelSpec, NamesTheFieldThatNoModelCanHave) {
  const auto refused = [](auto change) {
    ModelSpec spec = Small();
    change(spec);
    return ValidateModelSpec(spec).message();
  };
  EXPECT_NE(refused([](ModelSpec& s) { s.model_dim = 0; }).find("embedding length is 0"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) { s.num_kv_heads = 9; }).find("KV head count is 9"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) { s.num_kv_heads = 3; }).find("multiple of KV heads"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) { s.rope.rotated_dims = 10; }).find("rotated dimensions"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) { s.rope.rotated_dims = 3; }).find("must be even"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) {
              s.norm_epsilon = std::numeric_limits<float>::quiet_NaN();
            }).find("epsilon"),
            std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) { s.rope.theta = 0; }).find("RoPE base"), std::string::npos);
  EXPECT_NE(refused([](ModelSpec& s) {
              s.rope.scaling = RopeScaling::kLlama3;
              s.rope.high_frequency_factor = 0.5F;
            }).find("llama3"),
            std::string::npos);
}

}  // namespace
}  // namespace braid
