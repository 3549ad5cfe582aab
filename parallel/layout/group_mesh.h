#pragma once

#include "parallel/layout/mesh.h"

#include <cstdint>

namespace braid {

/// The ranks of a group: equal instances in ring order, each a mesh. Ranks of an instance are
/// neighbours, so rank of the group = place in the ring * ranks of an instance + rank of the
/// instance. A group of one instance is that instance.
struct GroupMesh {
  Mesh instance;
  std::int32_t degree = 1;  ///< instances

  std::int32_t size() const { return instance.size() * degree; }
  std::int32_t next_of(std::int32_t ring_index) const { return (ring_index + 1) % degree; }
  std::int32_t previous_of(std::int32_t ring_index) const {
    return (ring_index + degree - 1) % degree;
  }
  /// Whose KV visits the instance at `ring_index` at a ring step: its own at step 0.
  std::int32_t visitor_of(std::int32_t ring_index, std::int32_t ring_step) const {
    return (ring_index + degree - ring_step) % degree;
  }
  bool operator==(const GroupMesh&) const = default;
};

/// A rank of a group by its coordinates.
struct GroupRank {
  std::int32_t ring_index = 0;  ///< place of its instance in the ring
  std::int32_t rank = 0;        ///< within the instance

  bool operator==(const GroupRank&) const = default;
};

inline GroupRank GroupRankOf(const GroupMesh& mesh, std::int32_t rank_of_group) {
  return {rank_of_group / mesh.instance.size(), rank_of_group % mesh.instance.size()};
}

inline std::int32_t RankOfGroup(const GroupMesh& mesh, const GroupRank& rank) {
  return rank.ring_index * mesh.instance.size() + rank.rank;
}

}  // namespace braid
