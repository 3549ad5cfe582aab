// Traces as files: one that changes while it is played, and the published ones where they are.

#include "planner/sim/workload/trace.h"
#include "tests/planner/workload/request_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace braid {
namespace {

using testing::HasSubstr;

std::string TempTrace(const std::string& text) {
  const std::string path =
      testing::TempDir() + "braid_trace_" + std::to_string(::getpid()) + ".jsonl";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += R"({"timestamp": 0, "input_length": 10, "output_length": 5, "hash_ids": [1, 2, 3]})"
            "\n";
  }
  return text;
}

TEST(TraceFile, OneThatShrinksWhileItIsPlayedEndsWithAnError) {
  // Longer than any read-ahead, so that the second reading meets the new end.
  const std::string path = TempTrace(Lines(20'000));
  auto source = OpenTrace(path, {});
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  std::filesystem::resize_file(path, Lines(10).size());
  Request request;
  std::int64_t count = 0;
  while ((*source)->Next(request)) ++count;
  std::filesystem::remove(path);
  EXPECT_LT(count, 20'000);
  EXPECT_FALSE((*source)->status().ok());
  EXPECT_THAT((*source)->status().message(), HasSubstr(path));
  EXPECT_FALSE((*source)->Next(request));
}

// Traces that the project does not ship; beside the repository where they were fetched.
std::string PublishedTrace(const std::string& name) {
  const std::string path = std::string(BRAID_SOURCE_DIR) + "/../shared/traces/" + name;
  return std::filesystem::exists(path) ? path : "";
}

TEST(TraceFile, TheAzureConversationTraceHasItsPublishedStatistics) {
  const std::string path = PublishedTrace("azure2023_conversation.csv");
  if (path.empty()) GTEST_SKIP() << "azure2023_conversation.csv is not in ../shared/traces";
  const auto requests = AllOf(OpenTrace(path, {}));
  ASSERT_EQ(requests.size(), 19'366U);
  EXPECT_NEAR(static_cast<double>(requests.back().arrival_ns) * 1e-9, 3'502, 1);
  const LengthStatistics prompts = StatisticsOf(PromptsOf(requests));
  EXPECT_NEAR(prompts.mean, 1'155, 1);
  EXPECT_EQ(prompts.p50, 1'020);
  EXPECT_NEAR(StatisticsOf(OutputsOf(requests)).mean, 211, 1);
}

TEST(TraceFile, TheMooncakeConversationTraceHasItsPublishedStatistics) {
  const std::string path = PublishedTrace("mooncake_conversation.jsonl");
  if (path.empty()) GTEST_SKIP() << "mooncake_conversation.jsonl is not in ../shared/traces";
  const auto requests = AllOf(OpenTrace(path, {.rate = 5}));
  ASSERT_EQ(requests.size(), 12'031U);
  EXPECT_EQ(requests.back().arrival_ns, 2'406'200'000'000);
  const LengthStatistics prompts = StatisticsOf(PromptsOf(requests));
  EXPECT_NEAR(prompts.mean, 12'035, 1);
  EXPECT_EQ(prompts.p50, 6'909);
  EXPECT_NEAR(StatisticsOf(OutputsOf(requests)).mean, 343, 1);
}

}  // namespace
}  // namespace braid
