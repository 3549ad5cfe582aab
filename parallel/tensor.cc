#include "parallel/tensor.h"

#include "parallel/operations.h"

namespace braid {
namespace {

Task AllReduce(Buffer buffer, std::uint8_t group, std::uint32_t operation) {
  return {.kind = TaskKind::kAllReduce,
          .in = buffer,
          .out = buffer,
          .group = group,
          .operation = operation};
}

void InsertAfter(std::vector<Task>* tasks, Weight weight, const Task& inserted) {
  for (auto task = tasks->begin(); task != tasks->end(); ++task) {
    if (task->weight != weight) continue;
    tasks->insert(task + 1, inserted);
    return;
  }
}

void NarrowBuffers(const ModelSpec& spec, const ModelShard& shard, Template* header) {
  const auto narrow = [header](Buffer buffer, std::int32_t columns) {
    std::int32_t& width = header->widths[static_cast<std::size_t>(buffer)];
    if (width != 0) width = columns;
  };
  narrow(Buffer::kQuery, shard.heads.size() * spec.head_dim);
  narrow(Buffer::kAttended, shard.heads.size() * spec.head_dim);
  narrow(Buffer::kKey, shard.kv_heads.size() * spec.head_dim);
  narrow(Buffer::kValue, shard.kv_heads.size() * spec.head_dim);
  narrow(Buffer::kGate, shard.ffn.size());
  narrow(Buffer::kUp, shard.ffn.size());
  narrow(Buffer::kLogits, shard.vocab.size());
}

}  // namespace

void SplitTensor(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                 TemplateDraft* draft) {
  if (mesh.tensor == 1) return;
  NarrowBuffers(spec, shard, &draft->header);

  std::vector<std::int32_t> members;
  for (std::int32_t t = 0; t < mesh.tensor; ++t) members.push_back(mesh.rank_at(shard.stage, t));
  const auto group = static_cast<std::uint8_t>(draft->header.groups.size());
  draft->header.groups.push_back(std::move(members));
  draft->header.slice_widths.emplace_back();
  draft->header.operations_per_layer = OperationNumbers::kPerLayer;

  InsertAfter(&draft->prologue, Weight::kTokenEmbedding,
              AllReduce(Buffer::kResidual, group, OperationNumbers::kEmbedding));
  InsertAfter(&draft->layer, Weight::kAttentionOutput,
              AllReduce(Buffer::kPartial, group, OperationNumbers::kAttention));
  InsertAfter(&draft->layer, Weight::kDown,
              AllReduce(Buffer::kPartial, group, OperationNumbers::kFfn));
}

}  // namespace braid
