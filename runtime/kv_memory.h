#pragma once

#include "base/status.h"
#include "device/operators.h"
#include "plan/model_spec.h"
#include "plan/shard.h"
#include "runtime/lazy_memory.h"

#include <cstdint>

namespace braid {

/// Keys and values of this rank's layers and KV heads, for `num_slots` tokens, in f32. Which token
/// lies in which slot is the planner's business; a slot costs memory once it has been written.
/// Thread: rank thread only.
class KvMemory {
 public:
  /// Errors: OutOfMemory.
  static Result<KvMemory> Make(const ModelSpec& spec, const ModelShard& shard,
                               std::int32_t num_slots);

  /// Of a layer of this rank's shard, by its number in the model.
  KvView Layer(std::int32_t layer) const;

  std::int32_t num_slots() const { return num_slots_; }
  std::size_t bytes_per_slot() const;

 private:
  KvMemory() = default;

  LazyMemory memory_;
  IndexRange layers_;
  std::int32_t num_slots_ = 0;
  std::int32_t kv_heads_ = 0;
  std::int32_t head_dim_ = 0;
};

}  // namespace braid
