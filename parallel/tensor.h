#pragma once

#include "base/status.h"
#include "parallel/layout/mesh.h"
#include "parallel/template_builder.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

namespace braid {

/// Tensor parallelism: q, k, v, gate and up are cut by output rows, the attention output and down
/// products along K, embedding and output matrix by vocabulary. Shards may be uneven.
///
/// Narrows the buffers to this rank's shard and sums what is partial then: once after the
/// embedding, twice a layer. Logits stay cut; parallel/logits gathers them.
/// Cost: with T tensor ranks, 2 L + 1 all-reduces of [rows, model_dim] f32 a step
///       (parallel/layout/volume); no change at T = 1.
/// Source: Megatron-LM, arXiv:1909.08053, section 3.
void SplitTensor(const ModelSpec& spec, const ModelShard& shard, const Mesh& mesh,
                 TemplateDraft* draft);

}  // namespace braid
