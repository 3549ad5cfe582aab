#include "launch/plan_check.h"

#include "launch/text_file.h"
#include "parallel/bind_group.h"
#include "parallel/check.h"
#include "parallel/lower_group.h"
#include "planner/sim/report/output_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace braid {
namespace {

constexpr std::size_t kMaxBytes = 256UL * 1024 * 1024;

StepLimits LimitsOf(const PlanGround& ground) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  return {.vocab_size = ground.model.vocab_size,
          .num_instances = ground.cluster.num_instances(),
          .num_strand_slots = ground.cluster.max_strands,
          .num_kv_slots = static_cast<std::int32_t>(std::min(ground.kv_slots, kMost)),
          .max_rows = std::numeric_limits<std::int32_t>::max()};
}

/// Encoded plans have control characters (the tag of a step's number is one), texts have none.
bool IsEncoded(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < '\t';
  });
}

}  // namespace

Status CheckStep(const Step& step, const PlanGround& ground) {
  RETURN_IF_ERROR(ValidateStep(step, LimitsOf(ground)));
  const auto degree = static_cast<std::int32_t>(step.instances.size());
  const GroupMesh mesh{.instance = {.tensor = ground.cluster.tensor_size}, .degree = degree};
  ASSIGN_OR_RETURN(const std::vector<Template> templates,
                   LowerWholeGroup(ground.model, mesh, SignatureOf(step)));
  RETURN_IF_ERROR(CheckGroup(templates));
  std::vector<Bindings> bindings;
  for (std::int32_t place = 0; place < degree; ++place) bindings.push_back(BindGroup(step, place));
  return CheckGroupBytes(templates, bindings);
}

Status CheckPlan(const Plan& plan, const PlanGround& ground) {
  if (plan.steps.empty()) return InvalidArgument("the plan has no steps");
  std::uint64_t last = 0;
  for (const Step& step : plan.steps) {
    if (step.number <= last) {
      return InvalidArgument(
          fmt::format("step {} stands behind step {}, but numbers must rise", step.number, last));
    }
    last = step.number;
    const Status status = CheckStep(step, ground);
    if (!status.ok()) return status.WithContext(fmt::format("step {}", step.number));
  }
  return {};
}

Result<Plan> ReadPlanFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadTextFile(path, kMaxBytes, "plan"));
  Result<Plan> plan =
      IsEncoded(bytes) ? DecodePlan(std::as_bytes(std::span(bytes))) : ParsePlanText(bytes);
  if (!plan.ok()) return plan.error().WithContext(path);
  return plan;
}

Status WritePlanFile(const std::string& path, const Plan& plan) {
  return WriteOutputFile(path, path.ends_with(".txt") ? PlanToText(plan) : EncodePlan(plan));
}

}  // namespace braid
