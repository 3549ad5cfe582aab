#pragma once

#include "base/status.h"
#include "parallel/layout/mesh.h"
#include "parallel/template_builder.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

namespace braid {

/// Brings the vocabulary slices of the sampled rows' logits to rank 0 of the instance, which draws
/// the tokens. No task where rank 0 has all of them already.
/// Cost: each rank of the last stage but rank 0 sends [sampled rows, its vocabulary] f32.
/// Errors: what ShardOf says of the mesh.
Status GatherLogits(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                    TemplateDraft* draft);

}  // namespace braid
