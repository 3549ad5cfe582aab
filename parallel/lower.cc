#include "parallel/lower.h"

#include "parallel/layout/shard.h"
#include "parallel/logits.h"
#include "parallel/pipeline.h"
#include "parallel/tensor.h"
#include "parallel/transformer.h"

namespace braid {

Result<Template> Lower(const ModelSpec& spec, const Mesh& mesh, std::int32_t rank, bool sampled) {
  ASSIGN_OR_RETURN(const ModelShard shard, ShardOf(spec, mesh, rank));
  TemplateDraft draft = DraftTransformer(spec, sampled);
  draft.header.rank = rank;
  SplitTensor(spec, shard, mesh, &draft);
  CutPipeline(spec, shard, mesh, &draft);
  RETURN_IF_ERROR(GatherLogits(spec, shard, mesh, &draft));
  return BuildTemplate(std::move(draft));
}

}  // namespace braid
