#include "planner/sim/report/step_trace.h"

#include "tests/planner/report/sample_records.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace braid {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::int32_t, 2> kInstances = {0, 3};

Observer::StepSpan Span(std::int64_t start_ns) {
  return {.start_ns = start_ns,
          .end_ns = start_ns + 2'500,
          .instances = kInstances.data(),
          .num_instances = 2,
          .strand = 1,
          .repeats = 4,
          .prefill_rows = 512,
          .decode_rows = 8,
          .compute_ns = 2'001,
          .network_ns = 7};
}

Json EventsOf(const std::string& path) {
  const Json trace = Json::parse(ContentOf(path), nullptr, false);
  std::filesystem::remove(path);
  EXPECT_TRUE(trace.is_object());
  return trace.is_object() ? trace["traceEvents"] : Json::array();
}

std::map<std::string, int> CountByPhase(const Json& events) {
  std::map<std::string, int> counts;
  for (const Json& event : events) ++counts[event["ph"].get<std::string>()];
  return counts;
}

TEST(StepTrace, ShowsAStepOnEachOfItsInstances) {
  const std::string path = TempPath("steps.json");
  auto trace = StepTrace::Make(path);
  ASSERT_TRUE(trace.ok());
  trace->OnStep(Span(1'000'000'123));
  ASSERT_TRUE(trace->Close().ok());
  const Json events = EventsOf(path);
  // The cluster's name, and a name and a step for each of two instances.
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[1]["args"]["name"], "instance 0");
  EXPECT_EQ(events[2]["name"], "prefill 512 + decode 8 x 4");
  EXPECT_EQ(events[2]["ts"], 1'000'000.123);
  EXPECT_EQ(events[2]["dur"], 2.5);
  EXPECT_EQ(events[2]["pid"], 1);
  EXPECT_EQ(events[2]["tid"], 1);
  EXPECT_EQ(events[2]["args"]["compute_us"], 2.001);
  EXPECT_EQ(events[4]["pid"], 4);
}

TEST(StepTrace, OfAnEmptyRunIsStillATrace) {
  const std::string path = TempPath("empty.json");
  auto trace = StepTrace::Make(path);
  ASSERT_TRUE(trace.ok() && trace->Close().ok());
  EXPECT_EQ(EventsOf(path).size(), 1U);
}

TEST(StepTrace, LeavesOutWhatIsBeyondItsLimitAndSaysHowMuch) {
  const std::string path = TempPath("limit.json");
  auto trace = StepTrace::Make(path, 5);
  ASSERT_TRUE(trace.ok());
  for (int i = 0; i < 10; ++i) trace->OnStep(Span(i * 3'000));
  EXPECT_EQ(trace->num_dropped(), 15);
  ASSERT_TRUE(trace->Close().ok());
  const Json events = EventsOf(path);
  EXPECT_EQ(CountByPhase(events)["X"], 5);
  EXPECT_EQ(events.back()["name"], "15 later events left out");
}

TEST(StepTrace, ThinsKvPointsAndKeepsScalingEvents) {
  const std::string path = TempPath("kv.json");
  auto trace = StepTrace::Make(path);
  ASSERT_TRUE(trace.ok());
  for (int i = 0; i < 30; ++i) trace->OnKv(i * kMs, i);
  trace->OnScaling(31 * kMs, ScalingEvent::kScaleDown);
  ASSERT_TRUE(trace->Close().ok());
  const Json events = EventsOf(path);
  EXPECT_EQ(CountByPhase(events)["C"], 3);
  EXPECT_EQ(events.back()["name"], "scale-down");
}

TEST(StepTrace, SaysWhenTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  auto trace = StepTrace::Make("/dev/full");
  ASSERT_TRUE(trace.ok());
  for (int i = 0; i < 1'000; ++i) trace->OnStep(Span(i));
  EXPECT_EQ(trace->Close().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace braid
