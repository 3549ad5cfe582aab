// Plans as text and steps as bytes: whatever they hold, they are read or refused, checking them
// never fails otherwise, and a plan that is printed reads back the same.
#include "plan/step_codec.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace braid {
namespace {

constexpr StepLimits kLimits{.vocab_size = 512,
                             .num_instances = 2,
                             .num_strand_slots = 2,
                             .num_kv_slots = 64,
                             .max_rows = 16};

void Check(const Step& step) {
  const Status status = ValidateStep(step, kLimits);
  if (!status.ok()) {
    BRAID_CHECK(status.code() == StatusCode::kInvalidArgument);
    return;
  }
  BRAID_CHECK(step.is_move() || (step.num_rows() > 0 && step.num_rows() <= kLimits.max_rows));
  BRAID_CHECK(step.num_sampled_rows() <= step.num_rows());
  const std::string bytes = EncodeStep(step);
  const Result<Step> again = DecodeStep(std::as_bytes(std::span(bytes)));
  BRAID_CHECK(again.ok() && *again == step);
}

}  // namespace
}  // namespace braid

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const braid::Result<braid::Plan> plan = braid::ParsePlanText(text);
  if (plan.ok()) {
    for (const braid::Step& step : plan->steps) braid::Check(step);
    const braid::Result<braid::Plan> again = braid::ParsePlanText(braid::PlanToText(*plan));
    BRAID_CHECK(again.ok() && *again == *plan);
  }
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const braid::Result<braid::Step> step = braid::DecodeStep(bytes); step.ok()) {
    braid::Check(*step);
  }
  return 0;
}
