#pragma once

#include "parallel/layout/mesh.h"
#include "parallel/template_builder.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

namespace braid {

/// Pipeline parallelism: keeps the layers of this rank's stage. Stages after the first receive the
/// residual instead of embedding; stages before the last send it on instead of turning it into
/// logits. Rank t of a stage talks to rank t of the next: after tensor parallelism's sums all ranks
/// of a stage hold the same residual. Stages may be uneven.
/// Cost: one message of [rows, model_dim] f32 a boundary, tensor rank and step.
/// Source: GPipe, arXiv:1811.06965, section 2; forward only.
void CutPipeline(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                 TemplateDraft* draft);

}  // namespace braid
