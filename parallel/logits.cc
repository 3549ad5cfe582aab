#include "parallel/logits.h"

#include "parallel/layout/shard.h"
#include "parallel/operations.h"

namespace braid {

Status GatherLogits(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                    TemplateDraft* draft) {
  if (!draft->header.sampled || mesh.size() == 1) return {};
  const std::int32_t self = mesh.rank_at(shard.stage, shard.tensor_rank);
  if (self != 0 && !shard.last_stage()) return {};

  std::vector<std::int32_t> members;
  std::vector<std::int32_t> widths;
  // Rank 0 comes first; where it is not of the last stage it has no slice of its own.
  if (mesh.pipeline > 1) {
    members.push_back(0);
    widths.push_back(0);
  }
  for (std::int32_t t = 0; t < mesh.tensor; ++t) {
    const std::int32_t rank = mesh.rank_at(mesh.pipeline - 1, t);
    ASSIGN_OR_RETURN(const ModelShard holder, ShardOf(spec, mesh, rank));
    members.push_back(rank);
    widths.push_back(holder.vocab.size());
  }
  Template& header = draft->header;
  header.groups.push_back(std::move(members));
  header.slice_widths.push_back(std::move(widths));
  if (self == 0) {
    header.widths[static_cast<std::size_t>(Buffer::kGatheredLogits)] = spec.vocab_size;
  }
  draft->epilogue.push_back({.kind = TaskKind::kGather,
                             .rows = RowSet::kSampled,
                             .in = shard.last_stage() ? Buffer::kLogits : Buffer::kNone,
                             .out = self == 0 ? Buffer::kGatheredLogits : Buffer::kNone,
                             .group = static_cast<std::uint8_t>(header.groups.size() - 1),
                             .operation = OperationNumbers::Logits(spec)});
  return {};
}

}  // namespace braid
