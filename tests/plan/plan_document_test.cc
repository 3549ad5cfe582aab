#include "plan/step_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace braid {
namespace {

/// The last fenced block of docs/plan_format.md: the example with several instances.
std::string GroupExampleOfTheDocument() {
  std::ifstream file(std::string(BRAID_SOURCE_DIR) + "/docs/plan_format.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::string fence = "```textproto\n";
  const std::size_t begin = all.rfind(fence);
  if (begin == std::string::npos) return "";
  const std::size_t end = all.find("```\n", begin + fence.size());
  return all.substr(begin + fence.size(), end - begin - fence.size());
}

TEST(PlanFormatDocument, ShowsGroupsAndMovesThatHoldToTheRules) {
  const Result<Plan> plan = ParsePlanText(GroupExampleOfTheDocument());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  ASSERT_EQ(plan->steps.size(), 2U);
  const StepLimits limits{.vocab_size = 512,
                          .num_instances = 3,
                          .num_strand_slots = 1,
                          .num_kv_slots = 64,
                          .max_rows = 8};
  for (const Step& step : plan->steps) {
    const Status status = ValidateStep(step, limits);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  EXPECT_TRUE(plan->steps[0].IsStriped(plan->steps[0].requests[0]));
  EXPECT_FALSE(plan->steps[0].IsStriped(plan->steps[0].requests[1]));
  EXPECT_TRUE(plan->steps[1].is_move());
  EXPECT_EQ(*ParsePlanText(PlanToText(*plan)), *plan);
}

}  // namespace
}  // namespace braid
