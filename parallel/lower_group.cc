#include "parallel/lower_group.h"

#include "parallel/interleave.h"
#include "parallel/layout/shard.h"
#include "parallel/logits.h"
#include "parallel/lower.h"
#include "parallel/move.h"
#include "parallel/operations.h"
#include "parallel/pipeline.h"
#include "parallel/sequence_decode.h"
#include "parallel/sequence_prefill.h"
#include "parallel/tensor.h"
#include "parallel/transformer.h"

#include <algorithm>
#include <set>
#include <string>

namespace braid {
namespace {

/// Ring steps, members and pieces are stored in a byte each.
constexpr std::int32_t kMaxDegree = 255;
constexpr std::int32_t kMaxPieces = 64;

Status CheckSignature(const GroupMesh& mesh, const GroupRank& rank,
                      const GroupSignature& signature) {
  if (mesh.degree < 1 || mesh.degree > kMaxDegree) {
    return InvalidArgument("a group has 1 to " + std::to_string(kMaxDegree) + " instances, not " +
                           std::to_string(mesh.degree));
  }
  if (rank.ring_index < 0 || rank.ring_index >= mesh.degree) {
    return InvalidArgument("place " + std::to_string(rank.ring_index) +
                           " is not one of a group of " + std::to_string(mesh.degree) +
                           " instances");
  }
  if (signature.product_pieces < 1 || signature.product_pieces > kMaxPieces) {
    return InvalidArgument("products can be cut into 1 to " + std::to_string(kMaxPieces) +
                           " pieces, not " + std::to_string(signature.product_pieces));
  }
  const bool computes = signature.prefill || signature.decode;
  if (signature.move_sources > 0 && computes) {
    return InvalidArgument("a step either moves KV or computes");
  }
  if (signature.move_sources <= 0 && !computes) {
    return InvalidArgument("a step needs prefill or decode rows, or a move of KV");
  }
  return {};
}

/// Groups of the instance's rewrites name ranks of the instance; the group's come after.
void MoveToGroup(const GroupMesh& mesh, const GroupRank& rank, Template* header) {
  const std::int32_t first = RankOfGroup(mesh, {rank.ring_index, 0});
  header->rank += first;
  for (std::vector<std::int32_t>& members : header->groups) {
    for (std::int32_t& member : members) member += first;
  }
}

std::uint8_t AddRing(const GroupMesh& mesh, const GroupRank& rank, Template* header) {
  std::vector<std::int32_t> members;
  for (std::int32_t i = 0; i < mesh.degree; ++i) {
    members.push_back(RankOfGroup(mesh, {i, rank.rank}));
  }
  header->groups.push_back(std::move(members));
  header->slice_widths.emplace_back();
  return static_cast<std::uint8_t>(header->groups.size() - 1);
}

/// Numbers the communications of a layer in order, those around the layers after them. All ranks of
/// a group have the same layer, so they number alike; OperationNumbers' order is kept.
void NumberOperations(const ModelSpec& spec, const ModelShard& shard, TemplateDraft* draft) {
  std::uint32_t next = 0;
  for (Task& task : draft->layer) {
    if (IsCommunication(task.kind)) task.operation = ++next;
  }
  draft->header.operations_per_layer = next;
  const auto layers = static_cast<std::uint32_t>(spec.num_layers);
  const std::uint32_t first_boundary = 1 + next * layers;
  const auto stage = static_cast<std::uint32_t>(shard.stage);
  for (Task& task : draft->prologue) {
    if (task.kind == TaskKind::kReceive) task.operation = first_boundary + stage - 1;
  }
  for (Task& task : draft->epilogue) {
    if (task.kind == TaskKind::kSend) task.operation = first_boundary + stage;
    if (task.kind == TaskKind::kGather) task.operation = first_boundary + layers;
  }
}

Result<Template> LowerMove(const ModelSpec& spec, const GroupMesh& mesh, const GroupRank& rank,
                           std::int32_t num_sources) {
  ASSIGN_OR_RETURN(const ModelShard shard, ShardOf(spec, mesh.instance, rank.rank));
  ASSIGN_OR_RETURN(TemplateDraft draft, DraftMove(spec, shard, mesh, rank, num_sources));
  return BuildTemplate(std::move(draft));
}

}  // namespace

GroupSignature SignatureOf(const Step& step, std::int32_t product_pieces) {
  GroupSignature signature;
  signature.product_pieces = product_pieces;
  signature.sampled = step.num_sampled_rows() > 0;
  signature.token_split = step.overlap == OverlapMode::kTokenSplit && !step.is_move();
  signature.exchange_in_turn = step.exchange_in_turn;
  for (const StepRequest& request : step.requests) {
    (step.IsStriped(request) ? signature.prefill : signature.decode) = true;
  }
  std::set<std::int32_t> sources;
  for (const KvMove& move : step.moves) sources.insert(move.from.instance);
  signature.move_sources = static_cast<std::int32_t>(sources.size());
  return signature;
}

Result<Template> LowerGroup(const ModelSpec& spec, const GroupMesh& mesh, const GroupRank& rank,
                            const GroupSignature& signature) {
  RETURN_IF_ERROR(CheckSignature(mesh, rank, signature));
  if (signature.move_sources > 0) return LowerMove(spec, mesh, rank, signature.move_sources);
  const bool plain = mesh.degree == 1 && !signature.token_split && signature.product_pieces == 1;
  if (plain) return Lower(spec, mesh.instance, rank.rank, signature.sampled);

  ASSIGN_OR_RETURN(const ModelShard shard, ShardOf(spec, mesh.instance, rank.rank));
  TemplateDraft draft = DraftTransformer(spec, signature.sampled);
  draft.header.rank = rank.rank;
  SplitTensor(spec, shard, mesh.instance, &draft);
  CutPipeline(spec, shard, mesh.instance, &draft);
  RETURN_IF_ERROR(GatherLogits(spec, shard, mesh.instance, &draft));
  MoveToGroup(mesh, rank, &draft.header);
  if (mesh.degree > 1) {
    const SequenceSplit split = {.degree = mesh.degree,
                                 .group = AddRing(mesh, rank, &draft.header),
                                 .num_heads = shard.heads.size(),
                                 .exchange_in_turn = signature.exchange_in_turn};
    if (signature.prefill) SplitSequencePrefill(split, &draft);
    if (signature.decode) SplitSequenceDecode(split, &draft);
  }
  CutProducts(signature.product_pieces, &draft);
  if (signature.token_split) SplitTokens(&draft);
  NumberOperations(spec, shard, &draft);
  return BuildTemplate(std::move(draft));
}

Result<std::vector<Template>> LowerWholeGroup(const ModelSpec& spec, const GroupMesh& mesh,
                                              const GroupSignature& signature) {
  std::vector<Template> templates;
  for (std::int32_t rank = 0; rank < mesh.size(); ++rank) {
    ASSIGN_OR_RETURN(Template lowered, LowerGroup(spec, mesh, GroupRankOf(mesh, rank), signature));
    templates.push_back(std::move(lowered));
  }
  return templates;
}

}  // namespace braid
