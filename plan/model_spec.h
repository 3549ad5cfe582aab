#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// How a head's dimensions pair up for rotary embedding: (0,1),(2,3).. as Llama's GGUF files are
/// permuted, or (i, i + head_dim/2) as Qwen's are not.
enum class RopePairing : std::uint8_t { kInterleaved, kHalves };

/// How rotary frequencies are stretched beyond the trained context.
enum class RopeScaling : std::uint8_t { kNone, kLinear, kLlama3 };

struct RopeSpec {
  RopePairing pairing = RopePairing::kInterleaved;
  RopeScaling scaling = RopeScaling::kNone;
  float theta = 10000.0F;
  std::int32_t rotated_dims = 0;         ///< of each head; the rest passes unchanged
  float factor = 1.0F;                   ///< kLinear, kLlama3
  float low_frequency_factor = 1.0F;     ///< kLlama3
  float high_frequency_factor = 4.0F;    ///< kLlama3
  std::int32_t original_context = 8192;  ///< kLlama3, tokens
  /// Divisors of the frequencies, one a rotated pair, where the file stores them (GGUF's
  /// rope_freqs.weight); empty otherwise. Applied on top of `scaling`.
  std::vector<float> frequency_factors;

  bool operator==(const RopeSpec&) const = default;
};

/// A decoder-only transformer of the Llama family as data: everything that planning, splitting and
/// running need to know of a model, and nothing of where its weights lie.
/// Thread: a value.
struct ModelSpec {
  std::string architecture;  ///< "llama", "qwen2", "qwen3", as the file says
  std::string name;
  std::int32_t model_dim = 0;  ///< width of the residual stream
  std::int32_t num_layers = 0;
  std::int32_t num_heads = 0;     ///< query heads
  std::int32_t num_kv_heads = 0;  ///< divides num_heads (grouped-query attention)
  std::int32_t head_dim = 0;      ///< need not be model_dim / num_heads
  std::int32_t ffn_dim = 0;
  std::int32_t vocab_size = 0;
  std::int32_t context_length = 0;  ///< tokens, as trained
  float norm_epsilon = 1e-5F;
  RopeSpec rope;
  bool qkv_bias = false;         ///< Qwen2
  bool qk_norm = false;          ///< Qwen3: RMSNorm over each head of q and k before RoPE
  bool tied_embeddings = false;  ///< the output matrix is the embedding table

  bool operator==(const ModelSpec&) const = default;

  /// Query heads that share one KV head.
  std::int32_t heads_per_kv() const { return num_heads / num_kv_heads; }
};

/// Errors: InvalidArgument naming the first field that no such model can have.
Status ValidateModelSpec(const ModelSpec& spec);

}  // namespace braid
