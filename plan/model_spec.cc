#include "plan/model_spec.h"

#include <cmath>

namespace braid {
namespace {

// Far above any model, far below where products of two sizes overflow 63 bits.
constexpr std::int32_t kMaxDim = 1 << 24;

Status CheckRange(const char* field, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return InvalidArgument("model " + std::string(field) + " is " + std::to_string(value) +
                         "; it must lie between " + std::to_string(low) + " and " +
                         std::to_string(high));
}

}  // namespace

Status ValidateModelSpec(const ModelSpec& spec) {
  RETURN_IF_ERROR(CheckRange("embedding length", spec.model_dim, 1, kMaxDim));
  RETURN_IF_ERROR(CheckRange("layer count", spec.num_layers, 1, 1 << 16));
  RETURN_IF_ERROR(CheckRange("head count", spec.num_heads, 1, 1 << 16));
  RETURN_IF_ERROR(CheckRange("KV head count", spec.num_kv_heads, 1, spec.num_heads));
  // What attention keeps in registers and on the stack; no known model has more than 256.
  RETURN_IF_ERROR(CheckRange("head dimension", spec.head_dim, 1, 512));
  RETURN_IF_ERROR(CheckRange("feed-forward length", spec.ffn_dim, 1, kMaxDim));
  RETURN_IF_ERROR(CheckRange("vocabulary size", spec.vocab_size, 1, kMaxDim));
  RETURN_IF_ERROR(CheckRange("context length", spec.context_length, 1, 1 << 30));
  RETURN_IF_ERROR(CheckRange("rotated dimensions", spec.rope.rotated_dims, 0, spec.head_dim));
  if (spec.num_heads % spec.num_kv_heads != 0) {
    return InvalidArgument("model has " + std::to_string(spec.num_heads) + " heads and " +
                           std::to_string(spec.num_kv_heads) +
                           " KV heads; heads must be a multiple of KV heads");
  }
  if (spec.rope.rotated_dims % 2 != 0) {
    return InvalidArgument("model rotates " + std::to_string(spec.rope.rotated_dims) +
                           " dimensions a head; the number must be even");
  }
  if (!std::isfinite(spec.norm_epsilon) || spec.norm_epsilon < 0) {
    return InvalidArgument("model RMS norm epsilon is not a finite number >= 0");
  }
  if (!std::isfinite(spec.rope.theta) || spec.rope.theta <= 0) {
    return InvalidArgument("model RoPE base is not a finite number > 0");
  }
  if (!std::isfinite(spec.rope.factor) || spec.rope.factor <= 0) {
    return InvalidArgument("model RoPE scaling factor is not a finite number > 0");
  }
  if (spec.rope.scaling == RopeScaling::kLlama3) {
    const RopeSpec& rope = spec.rope;
    if (!(rope.low_frequency_factor > 0) ||
        !(rope.high_frequency_factor > rope.low_frequency_factor) || rope.original_context <= 0) {
      return InvalidArgument(
          "model RoPE scaling llama3 needs 0 < low_freq_factor < high_freq_factor and an original "
          "context above 0");
    }
  }
  return {};
}

}  // namespace braid
