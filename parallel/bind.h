#pragma once

#include "plan/program.h"
#include "plan/step.h"

namespace braid {

/// What `step` means for a rank of `instance`: rows in request order, the slot of each row's KV.
/// The step must have passed ValidateStep and keep all its KV in `instance`.
/// Cost: O(rows + extents).
Bindings Bind(const Step& step, std::int32_t instance);

/// Payload bytes that the communication at `place` moves to or from this rank's buffer:
/// rows x width x 4. Gathers: this rank's own slice.
std::int64_t PayloadBytes(const Template& tmpl, const TaskPlace& place, const Bindings& bindings);

}  // namespace braid
