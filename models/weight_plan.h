#pragma once

#include "base/dtype.h"
#include "base/status.h"
#include "models/gguf/gguf_file.h"
#include "models/weights.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// What a dimension of a tensor runs over, and so how a shard cuts it.
enum class WeightAxis : std::uint8_t { kOne, kModel, kHeads, kKvHeads, kHeadDim, kFfn, kVocab };

/// When a model has a tensor.
enum class WeightPresence : std::uint8_t { kAlways, kWithBias, kWithQkNorm };

/// One kind of tensor in a decoder layer: its name after "blk.N.", its shape, its place.
/// Exactly one of `matrix` and `vector` is set.
struct LayerTensorRule {
  std::string_view suffix;
  WeightAxis rows;
  WeightAxis cols;
  std::uint64_t WeightSizes::*category;
  WeightView LayerWeights::*matrix;
  std::vector<float> LayerWeights::*vector;
  WeightPresence presence;
};

/// The part of one tensor that a rank holds. Vectors are one row.
struct PlannedWeight {
  const GgufTensor* tensor = nullptr;
  IndexRange rows;            ///< of the whole tensor
  IndexRange cols;            ///< of the whole tensor
  DType dtype = DType::kF32;  ///< as held
  bool mapped = false;        ///< a view into the file, not a copy
  std::uint64_t WeightSizes::*category = nullptr;

  std::uint64_t held_bytes() const;
  /// Bytes between rows in the file.
  std::uint64_t stored_row_bytes() const;
};

struct PlannedLayer {
  std::vector<PlannedWeight> weights;  ///< parallel to LayerTensorRules(); no tensor: not present
};

/// Everything that LoadWeights is going to do, checked against the file's table.
struct WeightPlan {
  std::vector<PlannedLayer> layers;
  PlannedWeight embedding;  ///< no tensor: not on this rank
  PlannedWeight final_norm;
  PlannedWeight output;
  bool output_is_embedding = false;  ///< tied, and both ends are here: one copy serves
  std::vector<std::string> notes;

  WeightSizes Sizes() const;
  /// Bytes of private memory for matrices, each piece rounded up to kPieceAlignment.
  std::uint64_t CopiedMatrixBytes() const;
};

/// Copied matrices start on cache lines.
inline constexpr std::uint64_t kPieceAlignment = 64;

std::span<const LayerTensorRule> LayerTensorRules();

/// Errors: see LoadWeights.
Result<WeightPlan> PlanWeights(const GgufFile& file, const ModelSpec& spec, const ModelShard& shard,
                               const LoadOptions& options);

}  // namespace braid
