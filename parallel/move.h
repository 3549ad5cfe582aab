#pragma once

#include "base/status.h"
#include "parallel/layout/group_mesh.h"
#include "parallel/template_builder.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>

namespace braid {

/// A move of KV: the first `num_sources` instances of the group send tokens of requests to the
/// others, layer by layer, each rank to the same rank of the other instance. Every (source,
/// destination) pair has its task; a pair with nothing to move sends no message. Pairs stand in one
/// order on all ranks, so none can wait in a circle.
/// Cost: per pair and layer, tokens moved * 2 * KV heads * head_dim f32.
/// Errors: InvalidArgument where sources or destinations are missing.
Result<TemplateDraft> DraftMove(const ModelSpec& spec, const ModelShard& shard,
                                const GroupMesh& mesh, const GroupRank& rank,
                                std::int32_t num_sources);

}  // namespace braid
