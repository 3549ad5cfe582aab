#pragma once

#include "base/status.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// How the next token is drawn from logits. The defaults are greedy.
struct SamplingOptions {
  float temperature = 0.0F;  ///< 0: always the best token
  std::int32_t top_k = 0;    ///< only the k best; 0: all
  float top_p = 1.0F;        ///< only the smallest set of best tokens of this joint probability
  std::uint64_t seed = 0;
};

/// Errors: InvalidArgument naming the first value out of range.
Status ValidateSampling(const SamplingOptions& options);

/// Draws tokens. The same seed and logits give the same tokens on any machine.
/// Ties go to the lowest id. Cost: O(vocabulary), plus sorting of what top_k and top_p keep.
/// Thread: one thread.
class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  /// Errors: Internal where no logit is finite.
  Result<std::int32_t> Sample(std::span<const float> logits);

 private:
  double NextUniform();

  SamplingOptions options_;
  std::uint64_t state_;
  std::vector<std::int32_t> order_;
  std::vector<double> weights_;
};

}  // namespace braid
