#pragma once

#include "base/status.h"
#include "parallel/layout/mesh.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>

namespace braid {

/// Part `part` of `total` indices cut into `parts` ranges of whole `unit`s; sizes differ by at most
/// one unit, larger parts first, and the last part takes what is left of a broken unit.
IndexRange EvenCut(std::int32_t total, std::int32_t parts, std::int32_t part,
                   std::int32_t unit = 1);

/// What rank `rank` of an instance holds.
///
/// Query heads are cut evenly whether or not the KV heads divide: a KV head whose query heads fall
/// to two ranks is kept by both (9 heads over 3 KV heads at tp 2 are 5 and 4 heads, with KV heads
/// 0-1 and 1-2). Cutting at KV heads instead would leave one rank with twice the other's work.
/// The feed-forward width is cut in units of 32 columns, a quantisation block, where there are
/// enough of them. Layers are cut evenly, the longer stages first: the last one has the output
/// matrix to multiply as well.
/// Errors: InvalidArgument where the mesh has more tensor ranks than heads, feed-forward columns or
/// vocabulary, or more stages than layers.
Result<ModelShard> ShardOf(const ModelSpec& spec, const Mesh& mesh, std::int32_t rank);

}  // namespace braid
