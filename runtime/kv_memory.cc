#include "runtime/kv_memory.h"

namespace braid {

Result<KvMemory> KvMemory::Make(const ModelSpec& spec, const ModelShard& shard,
                                std::int32_t num_slots) {
  KvMemory kv;
  kv.layers_ = shard.layers;
  kv.num_slots_ = num_slots;
  kv.kv_heads_ = shard.kv_heads.size();
  kv.head_dim_ = spec.head_dim;
  const std::size_t bytes = kv.bytes_per_slot() * static_cast<std::size_t>(num_slots);
  auto memory = LazyMemory::Make(bytes);
  if (!memory.ok()) {
    return memory.error().WithContext("KV memory for " + std::to_string(num_slots) + " tokens");
  }
  kv.memory_ = std::move(memory).value();
  return kv;
}

std::size_t KvMemory::bytes_per_slot() const {
  return 2 * sizeof(float) * static_cast<std::size_t>(layers_.size()) *
         static_cast<std::size_t>(kv_heads_) * static_cast<std::size_t>(head_dim_);
}

KvView KvMemory::Layer(std::int32_t layer) const {
  const std::size_t one = static_cast<std::size_t>(num_slots_) *
                          static_cast<std::size_t>(kv_heads_) * static_cast<std::size_t>(head_dim_);
  float* keys = memory_.floats() + 2 * one * static_cast<std::size_t>(layer - layers_.begin);
  return {keys, keys + one, num_slots_, kv_heads_, head_dim_};
}

}  // namespace braid
