#include "planner/cost/builtin_models.h"

#include <array>
#include <cstdint>

namespace braid {
namespace {

struct Shape {
  std::string_view name;
  std::string_view architecture;
  std::int32_t model_dim;
  std::int32_t num_layers;
  std::int32_t num_heads;
  std::int32_t num_kv_heads;
  std::int32_t ffn_dim;
  std::int32_t vocab_size;
  std::int32_t context_length;
  bool tied_embeddings = false;
};

// From the models' published config.json.
constexpr std::array kShapes = {
    Shape{"llama-2-7b", "llama", 4096, 32, 32, 32, 11008, 32000, 4096},
    Shape{"llama-3-70b", "llama", 8192, 80, 64, 8, 28672, 128256, 8192},
    Shape{"llama-3-8b", "llama", 4096, 32, 32, 8, 14336, 128256, 8192},
    Shape{"lwm-7b", "llama", 4096, 32, 32, 32, 11008, 32000, 1048576},
    Shape{"mistral-7b", "llama", 4096, 32, 32, 8, 14336, 32000, 32768},
    Shape{"qwen2.5-14b", "qwen2", 5120, 48, 40, 8, 13824, 152064, 131072},
    Shape{"qwen2.5-72b", "qwen2", 8192, 80, 64, 8, 29568, 152064, 131072},
    Shape{"stories260k", "llama", 64, 5, 8, 4, 172, 512, 512, true},
    Shape{"tinyllama-1.1b", "llama", 2048, 22, 32, 4, 5632, 32000, 2048},
};

ModelSpec SpecOf(const Shape& shape) {
  ModelSpec spec;
  spec.architecture = shape.architecture;
  spec.name = shape.name;
  spec.model_dim = shape.model_dim;
  spec.num_layers = shape.num_layers;
  spec.num_heads = shape.num_heads;
  spec.num_kv_heads = shape.num_kv_heads;
  spec.head_dim = shape.model_dim / shape.num_heads;
  spec.ffn_dim = shape.ffn_dim;
  spec.vocab_size = shape.vocab_size;
  spec.context_length = shape.context_length;
  spec.rope.rotated_dims = spec.head_dim;
  spec.qkv_bias = shape.architecture == "qwen2";
  spec.rope.pairing = spec.qkv_bias ? RopePairing::kHalves : RopePairing::kInterleaved;
  spec.tied_embeddings = shape.tied_embeddings;
  return spec;
}

}  // namespace

Result<ModelSpec> BuiltinModel(std::string_view name) {
  std::string known;
  for (const Shape& shape : kShapes) {
    if (shape.name == name) return SpecOf(shape);
    known += (known.empty() ? "" : ", ") + std::string(shape.name);
  }
  return NotFound("no built-in model '" + std::string(name) + "'; there are " + known);
}

std::vector<std::string> BuiltinModelNames() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

std::int64_t ParameterCount(const ModelSpec& model) {
  const std::int64_t dim = model.model_dim;
  const std::int64_t query = std::int64_t{model.num_heads} * model.head_dim;
  const std::int64_t kv = std::int64_t{model.num_kv_heads} * model.head_dim;
  std::int64_t layer = 2 * dim * query + 2 * dim * kv + 3 * dim * model.ffn_dim + 2 * dim;
  if (model.qkv_bias) layer += query + 2 * kv;
  if (model.qk_norm) layer += 2 * std::int64_t{model.head_dim};
  const std::int64_t table = std::int64_t{model.vocab_size} * dim;
  return layer * model.num_layers + dim + table * (model.tied_embeddings ? 1 : 2);
}

}  // namespace braid
