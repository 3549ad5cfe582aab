#include "parallel/pipeline.h"

#include "parallel/operations.h"

namespace braid {
namespace {

/// Adds the pair {from, to} to the groups and returns its index.
std::uint8_t AddPair(std::int32_t from, std::int32_t to, Template* header) {
  header->groups.push_back({from, to});
  header->slice_widths.emplace_back();
  return static_cast<std::uint8_t>(header->groups.size() - 1);
}

}  // namespace

void CutPipeline(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                 TemplateDraft* draft) {
  draft->header.layers = shard.layers;
  const std::int32_t self = mesh.rank_at(shard.stage, shard.tensor_rank);
  if (!shard.first_stage()) {
    const std::int32_t previous = mesh.rank_at(shard.stage - 1, shard.tensor_rank);
    draft->prologue = {{.kind = TaskKind::kReceive,
                        .out = Buffer::kResidual,
                        .group = AddPair(previous, self, &draft->header),
                        .operation = OperationNumbers::StageBoundary(spec, shard.stage - 1)}};
  }
  if (!shard.last_stage()) {
    const std::int32_t next = mesh.rank_at(shard.stage + 1, shard.tensor_rank);
    draft->epilogue = {{.kind = TaskKind::kSend,
                        .in = Buffer::kResidual,
                        .group = AddPair(self, next, &draft->header),
                        .operation = OperationNumbers::StageBoundary(spec, shard.stage)}};
    for (const Buffer buffer : {Buffer::kSelected, Buffer::kLogits}) {
      draft->header.widths[static_cast<std::size_t>(buffer)] = 0;
    }
  }
}

}  // namespace braid
