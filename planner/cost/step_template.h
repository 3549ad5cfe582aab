#pragma once

#include "base/status.h"
#include "plan/model_spec.h"
#include "plan/program.h"
#include "planner/cost/step_signature.h"

namespace braid {

/// The template that a representative rank runs for a step: the first rank of the first instance,
/// whose shards are the largest.
/// Errors: InvalidArgument where the model cannot be cut into `tensor_size` shards.
Result<Template> TemplateOfStep(const ModelSpec& model, std::int32_t tensor_size,
                                const StepSignature& signature);

}  // namespace braid
