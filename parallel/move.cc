#include "parallel/move.h"

#include <string>

namespace braid {
namespace {

struct Pair {
  std::int32_t source = 0;  ///< places in the ring
  std::int32_t destination = 0;
};

/// All pairs; neighbours in the list share no instance where that can be, so they go side by side.
std::vector<Pair> Pairs(std::int32_t num_sources, std::int32_t num_destinations) {
  std::vector<Pair> pairs;
  for (std::int32_t round = 0; round < num_destinations; ++round) {
    for (std::int32_t s = 0; s < num_sources; ++s) {
      pairs.push_back({s, num_sources + (s + round) % num_destinations});
    }
  }
  return pairs;
}

}  // namespace

Result<TemplateDraft> DraftMove(const ModelSpec& spec, const ModelShard& shard,
                                const GroupMesh& mesh, const GroupRank& rank,
                                std::int32_t num_sources) {
  if (num_sources < 1 || num_sources >= mesh.degree) {
    return InvalidArgument("a move needs instances that KV leaves and others that get it; " +
                           std::to_string(num_sources) + " of " + std::to_string(mesh.degree) +
                           " are sources");
  }
  TemplateDraft draft;
  Template& header = draft.header;
  header.layers = shard.layers;
  header.sampled = false;
  header.rank = RankOfGroup(mesh, rank);
  const std::int32_t kv_columns = shard.kv_heads.size() * spec.head_dim;
  header.widths[static_cast<std::size_t>(Buffer::kKey)] = kv_columns;
  header.widths[static_cast<std::size_t>(Buffer::kValue)] = kv_columns;

  const std::vector<Pair> pairs = Pairs(num_sources, mesh.degree - num_sources);
  header.operations_per_layer = static_cast<std::uint32_t>(pairs.size());
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const Pair& pair = pairs[p];
    if (pair.source != rank.ring_index && pair.destination != rank.ring_index) continue;
    const bool sends = pair.source == rank.ring_index;
    Task task = {.kind = sends ? TaskKind::kSendKv : TaskKind::kReceiveKv,
                 .rows = RowSet::kMoved,
                 .group = static_cast<std::uint8_t>(header.groups.size()),
                 .part = static_cast<std::uint8_t>(sends ? pair.destination : pair.source),
                 .operation = static_cast<std::uint32_t>(p) + 1};
    (sends ? task.in : task.out) = Buffer::kKv;
    draft.layer.push_back(task);
    header.groups.push_back({RankOfGroup(mesh, {pair.source, rank.rank}),
                             RankOfGroup(mesh, {pair.destination, rank.rank})});
    header.slice_widths.emplace_back();
  }
  return draft;
}

}  // namespace braid
