#pragma once

#include "base/status.h"
#include "plan/step.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A stretch of the log.
struct Plan {
  std::vector<Step> steps;

  bool operator==(const Plan&) const = default;
};

/// The step on the wire (protobuf, plan/plan.proto).
std::string EncodeStep(const Step& step);

/// Errors: InvalidArgument where the bytes are not a step.
Result<Step> DecodeStep(std::span<const std::byte> bytes);

/// The same for a plan.
std::string EncodePlan(const Plan& plan);
Result<Plan> DecodePlan(std::span<const std::byte> bytes);

/// A plan as people read, write and diff it (protobuf's text format; docs/plan_format.md).
std::string PlanToText(const Plan& plan);

/// Errors: InvalidArgument with line and column of the first thing that is not understood.
Result<Plan> ParsePlanText(std::string_view text);

}  // namespace braid
