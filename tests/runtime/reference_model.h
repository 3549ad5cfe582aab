#pragma once

#include "base/status.h"
#include "plan/model_spec.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// The Llama family written down from its formulas, token by token in double precision: slow, and
/// plain enough to be read beside the papers. It shares nothing with the runtime but the reading of
/// the file: no operators, no templates, no splitting, frequencies of its own.
/// Source: Llama, arXiv:2302.13971 (RMSNorm, SwiGLU, RoPE); grouped queries arXiv:2305.13245; Qwen2
/// (biases), arXiv:2407.10671; Qwen3 (norms of q and k), arXiv:2505.09388.
class ReferenceModel {
 public:
  /// All weights of the GGUF file at `path`, widened.
  static Result<ReferenceModel> Load(const std::string& path);

  const ModelSpec& spec() const { return spec_; }

  /// Logits after each of `tokens`. [tokens][vocab_size]
  std::vector<std::vector<double>> Logits(std::span<const std::int32_t> tokens) const;

 private:
  using Vector = std::vector<double>;

  struct Matrix {
    std::int32_t rows = 0;
    std::int32_t cols = 0;
    Vector values;  // [rows, cols]

    /// W x, plus `bias` where there is one.
    Vector Times(const Vector& x, const Vector& bias = {}) const;
  };
  struct Layer {
    Vector attn_norm, q_bias, k_bias, v_bias, q_norm, k_norm, ffn_norm;
    Matrix q, k, v, o, gate, up, down;
  };
  /// Keys and values of one layer, [token][num_kv_heads * head_dim].
  struct Cache {
    std::vector<Vector> keys;
    std::vector<Vector> values;
  };

  Vector Normalised(const Vector& x, const Vector& weight) const;
  double Frequency(std::int32_t pair) const;
  void NormaliseAndRotateHeads(Vector& x, const Vector& norm, std::int32_t position) const;
  Vector Attend(const Vector& q, const Cache& cache) const;
  Vector RunLayer(const Layer& layer, const Vector& x, std::int32_t position, Cache& cache) const;

  ModelSpec spec_;
  Matrix embedding_;
  std::vector<Layer> layers_;
  Vector final_norm_;
  Matrix output_;
};

}  // namespace braid
