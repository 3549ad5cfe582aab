#pragma once

#include "plan/model_spec.h"

namespace braid {

/// SmolLM2's head shape (9 heads over 3 KV heads) with few, oddly many layers.
inline ModelSpec NineHeads(std::int32_t num_layers = 5) {
  ModelSpec spec;
  spec.architecture = "llama";
  spec.model_dim = 576;
  spec.num_layers = num_layers;
  spec.num_heads = 9;
  spec.num_kv_heads = 3;
  spec.head_dim = 64;
  spec.ffn_dim = 1536;
  spec.vocab_size = 1001;
  spec.context_length = 128;
  spec.rope.rotated_dims = 64;
  return spec;
}

}  // namespace braid
