#pragma once

#include <cstdint>

namespace braid {

/// The ranks of one instance: `tensor` ranks share each layer, `pipeline` stages share the layers.
/// Ranks of a tensor group are neighbours (they talk most), so rank = stage * tensor + tensor rank.
struct Mesh {
  std::int32_t tensor = 1;
  std::int32_t pipeline = 1;

  std::int32_t size() const { return tensor * pipeline; }
  std::int32_t stage_of(std::int32_t rank) const { return rank / tensor; }
  std::int32_t tensor_rank_of(std::int32_t rank) const { return rank % tensor; }
  std::int32_t rank_at(std::int32_t stage, std::int32_t tensor_rank) const {
    return stage * tensor + tensor_rank;
  }
  bool operator==(const Mesh&) const = default;
};

}  // namespace braid
