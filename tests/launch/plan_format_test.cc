#include "plan/step_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace braid {
namespace {

/// The fenced block of docs/plan_format.md.
std::string ExampleOfTheDocument() {
  std::ifstream file(std::string(BRAID_SOURCE_DIR) + "/docs/plan_format.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::string fence = "```textproto\n";
  const std::size_t begin = all.find(fence);
  if (begin == std::string::npos) return "";
  const std::size_t end = all.find("```\n", begin + fence.size());
  return all.substr(begin + fence.size(), end - begin - fence.size());
}

TEST(PlanFormatDocument, ShowsAnExampleThatParsesAndHoldsToTheRules) {
  const std::string text = ExampleOfTheDocument();
  ASSERT_FALSE(text.empty());
  const Result<Plan> plan = ParsePlanText(text);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  ASSERT_EQ(plan->steps.size(), 3U);
  const StepLimits limits{.vocab_size = 512,
                          .num_instances = 1,
                          .num_strand_slots = 1,
                          .num_kv_slots = 64,
                          .max_rows = 8};
  for (const Step& step : plan->steps) {
    const Status status = ValidateStep(step, limits);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  EXPECT_EQ(plan->steps[0].num_sampled_rows(), 0);
  EXPECT_EQ(plan->steps[1].num_sampled_rows(), 1);
  EXPECT_EQ(plan->steps[2].num_sampled_rows(), 2);
}

TEST(PlanFormatDocument, ShowsAnExampleThatSurvivesPrintingAndReading) {
  const Result<Plan> plan = ParsePlanText(ExampleOfTheDocument());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  const Result<Plan> again = ParsePlanText(PlanToText(*plan));
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(*again, *plan);
}

}  // namespace
}  // namespace braid
