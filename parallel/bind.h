#pragma once

#include "parallel/payload.h"
#include "plan/program.h"
#include "plan/step.h"

namespace braid {

/// What `step` means for a rank of `instance`: rows in request order, the slot of each row's KV.
/// The step must have passed ValidateStep and keep all its KV in `instance`. Groups: BindGroup.
/// Cost: O(rows + extents).
Bindings Bind(const Step& step, std::int32_t instance);

}  // namespace braid
