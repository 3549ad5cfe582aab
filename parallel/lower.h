#pragma once

#include "base/status.h"
#include "parallel/layout/mesh.h"
#include "plan/model_spec.h"
#include "plan/program.h"

namespace braid {

/// The template that rank `rank` of an instance runs: the model as tasks, rewritten by each way of
/// splitting in turn.
/// Cost: microseconds; cache it, it does not depend on the step.
/// Errors: InvalidArgument where the model cannot be split so (see ShardOf).
Result<Template> Lower(const ModelSpec& spec, const Mesh& mesh, std::int32_t rank, bool sampled);

}  // namespace braid
