#pragma once

#include "models/gguf/random_model.h"
#include "parallel/layout/mesh.h"

#include <algorithm>
#include <string>
#include <vector>

namespace braid {

struct NamedModel {
  std::string name;
  RandomModel model;
};

/// Sizes chosen so that nothing divides and nothing equals anything else by accident.
inline RandomModel OddModel(std::int32_t heads, std::int32_t kv_heads, std::int32_t head_dim,
                            DType dtype = DType::kF32) {
  RandomModel model{.spec = SmallSpec(), .dtype = dtype};
  model.spec.model_dim = 40;
  model.spec.num_layers = 3;
  model.spec.num_heads = heads;
  model.spec.num_kv_heads = kv_heads;
  model.spec.head_dim = head_dim;
  model.spec.ffn_dim = 53;
  model.spec.vocab_size = 301;
  model.spec.context_length = 256;
  model.spec.rope.rotated_dims = head_dim;
  return model;
}

inline void MakeQwen(RandomModel& model, bool third) {
  model.spec.architecture = third ? "qwen3" : "qwen2";
  model.spec.rope.pairing = RopePairing::kHalves;
  model.spec.qkv_bias = !third;
  model.spec.qk_norm = third;
}

/// One or more for each thing that a model of the family may have: grouped queries from 1:1 to 8:1,
/// biases, norms of q and k, both pairings, every scaling, tied or not, every weight type, and
/// shards that cut through quantisation blocks.
inline std::vector<NamedModel> OddModels() {
  std::vector<NamedModel> models;
  models.push_back({"nine_heads_over_three", OddModel(9, 3, 8)});

  NamedModel& eight_to_one = models.emplace_back("eight_over_one_llama3", OddModel(8, 1, 16));
  eight_to_one.model.spec.num_layers = 2;
  eight_to_one.model.spec.tied_embeddings = true;
  RopeSpec& llama3 = eight_to_one.model.spec.rope;
  llama3.scaling = RopeScaling::kLlama3;
  llama3.factor = 8.0F;
  llama3.low_frequency_factor = 1.0F;
  llama3.high_frequency_factor = 4.0F;
  llama3.original_context = 64;

  NamedModel& partial =
      models.emplace_back("six_partly_rotated_linear", OddModel(6, 6, 12, DType::kF16));
  partial.model.spec.num_layers = 5;
  partial.model.spec.rope.rotated_dims = 8;
  partial.model.spec.rope.scaling = RopeScaling::kLinear;
  partial.model.spec.rope.factor = 2.5F;

  NamedModel& qwen2 = models.emplace_back("five_over_one_qwen2", OddModel(5, 1, 10, DType::kBF16));
  MakeQwen(qwen2.model, false);
  qwen2.model.spec.num_layers = 4;
  qwen2.model.spec.tied_embeddings = true;

  NamedModel& qwen3 =
      models.emplace_back("six_over_two_qwen3_q8", OddModel(6, 2, 32, DType::kQ8_0));
  MakeQwen(qwen3.model, true);
  qwen3.model.spec.model_dim = 64;
  qwen3.model.spec.ffn_dim = 96;
  qwen3.model.spec.rope.theta = 1.0e6F;

  NamedModel& q4_0 =
      models.emplace_back("eight_over_two_q4_0_factors", OddModel(8, 2, 16, DType::kQ4_0));
  q4_0.model.spec.model_dim = 96;
  q4_0.model.spec.ffn_dim = 160;
  q4_0.model.spec.num_layers = 2;
  q4_0.model.spec.tied_embeddings = true;
  q4_0.model.spec.rope.frequency_factors = {1.0F, 1.0F, 1.5F, 2.0F, 3.0F, 4.0F, 6.0F, 8.0F};

  NamedModel& q4_1 =
      models.emplace_back("four_over_four_one_layer_q4_1", OddModel(4, 4, 24, DType::kQ4_1));
  q4_1.model.spec.model_dim = 64;
  q4_1.model.spec.ffn_dim = 100;
  q4_1.model.spec.num_layers = 1;
  q4_1.model.spec.vocab_size = 259;
  return models;
}

/// Meshes of two ranks or more that the model permits, small enough for threads on two cores.
inline std::vector<Mesh> MeshesFor(const ModelSpec& spec) {
  std::vector<Mesh> meshes;
  for (const Mesh mesh : {Mesh{2, 1}, Mesh{3, 1}, Mesh{4, 1}, Mesh{1, 2}, Mesh{1, 3}, Mesh{1, 5},
                          Mesh{2, 2}, Mesh{3, 2}}) {
    if (mesh.tensor <= spec.num_heads && mesh.pipeline <= spec.num_layers) meshes.push_back(mesh);
  }
  return meshes;
}

}  // namespace braid
