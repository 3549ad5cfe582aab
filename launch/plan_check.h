#pragma once

#include "base/status.h"
#include "plan/cluster_spec.h"
#include "plan/model_spec.h"
#include "plan/step.h"
#include "plan/step_codec.h"

#include <cstdint>
#include <string>

namespace braid {

/// What a plan is checked against.
struct PlanGround {
  ModelSpec model;
  ClusterSpec cluster;
  std::int64_t kv_slots = 0;
};

/// Holds a step against all rules: those of ValidateStep, the static check of the templates of all
/// ranks of its group, and the bytes of every message.
/// Cost:   milliseconds for some ten ranks.
/// Errors: InvalidArgument for what the step says; Internal where our templates are wrong.
Status CheckStep(const Step& step, const PlanGround& ground);

/// The same for all steps, whose numbers must rise. Errors: also name the step.
Status CheckPlan(const Plan& plan, const PlanGround& ground);

/// Reads a plan, encoded or text. Errors: NotFound, InvalidArgument naming the file.
Result<Plan> ReadPlanFile(const std::string& path);

/// Writes it: as text where `path` ends in ".txt", else encoded. Errors: Unavailable.
Status WritePlanFile(const std::string& path, const Plan& plan);

}  // namespace braid
