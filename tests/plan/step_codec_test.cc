#include "plan/step_codec.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

Step Example() {
  Step step;
  step.number = 1234567890123;
  step.instances = {0, 2};
  step.slot = 1;
  step.priority = -3;
  step.requests = {{.id = 42,
                    .first_position = 5,
                    .tokens = {1, 0, 49151},
                    .sampled_rows = 1,
                    .kv = {{0, 0, 5}, {2, 7, 3}}},
                   {.id = 43, .tokens = {2}, .kv = {{0, 9, 1}}}};
  return step;
}

TEST(StepCodec, BringsAStepThroughTheWireUnchanged) {
  const std::string bytes = EncodeStep(Example());
  const Result<Step> decoded = DecodeStep(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value(), Example());
}

TEST(StepCodec, RefusesBytesThatAreNoStep) {
  std::string bytes = EncodeStep(Example());
  bytes.resize(bytes.size() - 1);
  EXPECT_EQ(DecodeStep(std::as_bytes(std::span(bytes))).error().code(),
            StatusCode::kInvalidArgument);
}

TEST(PlanText, PrintsWhatItParses) {
  const Plan plan = {{Example(), Example()}};
  const Result<Plan> parsed = ParsePlanText(PlanToText(plan));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed.value(), plan);
}

TEST(PlanText, SaysWhereItStopsUnderstanding) {
  const Status unknown = ParsePlanText("steps {\n  number: 1\n  speed: 3\n}\n").error();
  EXPECT_NE(unknown.message().find("line 3"), std::string::npos) << unknown.message();
  EXPECT_NE(unknown.message().find("speed"), std::string::npos) << unknown.message();
  const Status type = ParsePlanText("steps { number: \"one\" }").error();
  EXPECT_NE(type.message().find("line 1, column 17"), std::string::npos) << type.message();
}

TEST(PlanText, RefusesEndlessNesting) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "steps {";
  EXPECT_FALSE(ParsePlanText(text).ok());
}

}  // namespace
}  // namespace braid
