#pragma once

#include "plan/model_spec.h"

#include <cstdint>

namespace braid {

/// Numbers of the communications of one step. Every rank of an instance derives the same numbers
/// from the model alone, so ranks with different parts of it still name one communication alike.
///
///   0                                   sum of the embedding
///   1 + 2 l, 2 + 2 l                    sums of layer l: attention output, feed-forward output
///   1 + 2 L + b                         hand-over from stage b to stage b + 1
///   1 + 2 L + L                         gathering of the logits
struct OperationNumbers {
  static constexpr std::uint32_t kPerLayer = 2;
  static constexpr std::uint32_t kEmbedding = 0;
  static constexpr std::uint32_t kAttention = 1;  ///< of layer 0
  static constexpr std::uint32_t kFfn = 2;        ///< of layer 0

  static std::uint32_t StageBoundary(const ModelSpec& spec, std::int32_t from_stage) {
    return 1 + kPerLayer * Layers(spec) + static_cast<std::uint32_t>(from_stage);
  }
  static std::uint32_t Logits(const ModelSpec& spec) {
    return 1 + kPerLayer * Layers(spec) + Layers(spec);
  }

 private:
  static std::uint32_t Layers(const ModelSpec& spec) {
    return static_cast<std::uint32_t>(spec.num_layers);
  }
};

}  // namespace braid
