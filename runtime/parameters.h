#pragma once

#include "device/operators.h"
#include "models/weights.h"
#include "plan/model_spec.h"
#include "plan/program.h"
#include "plan/shard.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What the tasks of one rank read besides activations: its weights, by the names that tasks use,
/// and what follows from the model and the shard alone.
/// Thread: read only after Make; any thread. Borrows the weights.
class Parameters {
 public:
  Parameters(const ModelSpec& spec, const ModelShard& shard, const ModelWeights& weights);

  /// `layer` is a layer of the model, -1 for weights outside the layers. kNone has no matrix.
  WeightView Matrix(Weight weight, std::int32_t layer) const;
  /// Empty for kNone.
  std::span<const float> Vector(Weight weight, std::int32_t layer) const;

  const ModelSpec& spec() const { return *spec_; }
  const ModelShard& shard() const { return *shard_; }
  std::span<const float> rope_frequencies() const { return rope_frequencies_; }
  /// Local KV head that each local query head reads. [heads of this rank]
  std::span<const std::int32_t> kv_head_of() const { return kv_head_of_; }

 private:
  const LayerWeights& Layer(std::int32_t layer) const;

  const ModelSpec* spec_;
  const ModelShard* shard_;
  const ModelWeights* weights_;
  std::vector<float> rope_frequencies_;
  std::vector<std::int32_t> kv_head_of_;
};

}  // namespace braid
