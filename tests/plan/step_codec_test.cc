#include "plan/step_codec.h"

#include <gtest/gtest.h>

#include <array>

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

/// A step of a group: a striped request, one with a master, and all that a planner may say of it.
Step GroupExample() {
  Step step = Example();
  step.requests[0].ring = {0, 2};
  step.requests[1].master = 0;
  step.overlap = OverlapMode::kTokenSplit;
  step.predicted_ns = 1'234'567'890'123;
  step.queries_to_all = true;
  step.exchange_in_turn = true;
  return step;
}

Step MoveExample() {
  Step step;
  step.number = 3;
  step.instances = {2, 0};
  step.moves = {{.request = 42, .from = {2, 7, 3}, .to = {0, 20, 3}}};
  return step;
}

TEST(StepCodec, BringsGroupsAndMovesThroughTheWireUnchanged) {
  for (const Step& step : {GroupExample(), MoveExample()}) {
    const std::string bytes = EncodeStep(step);
    const Result<Step> decoded = DecodeStep(std::as_bytes(std::span(bytes)));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded.value(), step);
  }
}

TEST(StepCodec, ReadsStepsOfBeforeThereWereGroups) {
  // number 5, instances [0], one request: id 1, tokens [7], one KV slot. Written by version 1.
  const std::array<unsigned char, 16> old = {0x08, 0x05, 0x12, 0x01, 0x00, 0x2a, 0x09, 0x08,
                                             0x01, 0x1a, 0x01, 0x07, 0x2a, 0x02, 0x18, 0x01};
  const Result<Step> decoded = DecodeStep(std::as_bytes(std::span(old)));
  ASSERT_TRUE(decoded.ok());
  Step expected;
  expected.number = 5;
  expected.instances = {0};
  expected.requests = {{.id = 1, .tokens = {7}, .kv = {{0, 0, 1}}}};
  EXPECT_EQ(decoded.value(), expected);
  EXPECT_EQ(decoded->requests[0].master, kNoMaster);
}

TEST(StepCodec, RefusesAnOverlapModeThatItDoesNotKnow) {
  const std::array<unsigned char, 4> bytes = {0x08, 0x05, 0x38, 0x09};
  EXPECT_EQ(DecodeStep(std::as_bytes(std::span(bytes))).error().message(),
            "step 5 has overlap mode 9, which this version does not know");
}

TEST(PlanText, WritesOverlapModesByName) {
  const std::string text = PlanToText({{GroupExample()}});
  EXPECT_NE(text.find("overlap: token_split"), std::string::npos) << text;
  EXPECT_NE(text.find("master: 0"), std::string::npos) << text;
}

TEST(PlanText, PrintsWhatItParses) {
  const Plan plan = {{Example(), Example(), GroupExample(), MoveExample()}};
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
