#include "plan/step.h"

#include "plan/step_rules.h"

#include <algorithm>
#include <string>

namespace braid {

std::int32_t Step::num_rows() const {
  std::size_t rows = 0;
  for (const StepRequest& request : requests) rows += request.tokens.size();
  return static_cast<std::int32_t>(rows);
}

std::int32_t Step::num_sampled_rows() const {
  std::int32_t rows = 0;
  for (const StepRequest& request : requests) rows += request.sampled_rows;
  return rows;
}

std::int32_t Step::RingIndex(std::int32_t instance) const {
  const auto found = std::find(instances.begin(), instances.end(), instance);
  return found == instances.end() ? -1 : static_cast<std::int32_t>(found - instances.begin());
}

Status ValidateStep(const Step& step, const StepLimits& limits) {
  const std::string name = "step " + std::to_string(step.number);
  if (step.requests.empty() && step.moves.empty()) {
    return InvalidArgument(name + " has no requests");
  }
  if (!step.requests.empty() && !step.moves.empty()) {
    return InvalidArgument(name + " has both requests and moves of KV; make it two steps");
  }
  RETURN_IF_ERROR(CheckInstances(step, limits));
  if (step.slot < 0 || step.slot >= limits.num_strand_slots) {
    return InvalidArgument(name + " asks for strand slot " + std::to_string(step.slot) + " of " +
                           std::to_string(limits.num_strand_slots));
  }
  if (step.predicted_ns < 0) {
    return InvalidArgument(name + " is predicted to take " + std::to_string(step.predicted_ns) +
                           " ns; a time is not negative");
  }
  std::size_t rows = 0;
  for (const StepRequest& request : step.requests) {
    if (const Status status = CheckRequest(step, request, limits); !status.ok()) {
      return status.WithContext(name + ", request " + std::to_string(request.id));
    }
    rows += request.tokens.size();
  }
  if (rows > static_cast<std::size_t>(limits.max_rows)) {
    return InvalidArgument(name + " has " + std::to_string(rows) + " rows; at most " +
                           std::to_string(limits.max_rows) + " fit");
  }
  if (step.is_move()) RETURN_IF_ERROR(CheckMoves(step, limits));
  return CheckDisjoint(step);
}

}  // namespace braid
