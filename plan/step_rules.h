#pragma once

#include "base/status.h"
#include "plan/step.h"

namespace braid {

/// The rules of plan/step.h for one extent of KV: an instance of the job and of the step's group,
/// slots within the pool. Errors: InvalidArgument, without the step's name.
Status CheckExtent(const Step& step, const KvExtent& extent, const StepLimits& limits);

/// No instance twice, all of them of the job. Errors: InvalidArgument with the step's name.
Status CheckInstances(const Step& step, const StepLimits& limits);

/// The rules of one request. Errors: InvalidArgument, without step and request.
Status CheckRequest(const Step& step, const StepRequest& request, const StepLimits& limits);

/// The rules of a move of KV. Errors: InvalidArgument, with step and request.
Status CheckMoves(const Step& step, const StepLimits& limits);

/// No slot of an instance is named twice, by requests or by moves.
/// Errors: InvalidArgument naming step, slot and instance.
Status CheckDisjoint(const Step& step);

}  // namespace braid
