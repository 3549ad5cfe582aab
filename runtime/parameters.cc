#include "runtime/parameters.h"

#include "runtime/rope_frequencies.h"

namespace braid {

Parameters::Parameters(const ModelSpec& spec, const ModelShard& shard, const ModelWeights& weights)
    : spec_(&spec),
      shard_(&shard),
      weights_(&weights),
      rope_frequencies_(RopeFrequencies(spec.rope)) {
  for (std::int32_t head = shard.heads.begin; head < shard.heads.end; ++head) {
    kv_head_of_.push_back(head / spec.heads_per_kv() - shard.kv_heads.begin);
  }
}

const LayerWeights& Parameters::Layer(std::int32_t layer) const {
  BRAID_CHECK(shard_->layers.contains(layer));
  return weights_->layers[static_cast<std::size_t>(layer - shard_->layers.begin)];
}

WeightView Parameters::Matrix(Weight weight, std::int32_t layer) const {
  switch (weight) {
    case Weight::kTokenEmbedding:
      return weights_->embedding;
    case Weight::kOutput:
      return weights_->output;
    case Weight::kQuery:
      return Layer(layer).q;
    case Weight::kKey:
      return Layer(layer).k;
    case Weight::kValue:
      return Layer(layer).v;
    case Weight::kAttentionOutput:
      return Layer(layer).o;
    case Weight::kGate:
      return Layer(layer).gate;
    case Weight::kUp:
      return Layer(layer).up;
    case Weight::kDown:
      return Layer(layer).down;
    default:
      return {};
  }
}

std::span<const float> Parameters::Vector(Weight weight, std::int32_t layer) const {
  switch (weight) {
    case Weight::kAttentionNorm:
      return Layer(layer).attn_norm;
    case Weight::kFfnNorm:
      return Layer(layer).ffn_norm;
    case Weight::kQueryBias:
      return Layer(layer).q_bias;
    case Weight::kKeyBias:
      return Layer(layer).k_bias;
    case Weight::kValueBias:
      return Layer(layer).v_bias;
    case Weight::kQueryNorm:
      return Layer(layer).q_norm;
    case Weight::kKeyNorm:
      return Layer(layer).k_norm;
    case Weight::kOutputNorm:
      return weights_->final_norm;
    default:
      return {};
  }
}

}  // namespace braid
