#include "planner/sim/workload/workload.h"

#include "tests/planner/workload/request_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace braid {
namespace {

WorkloadSpec Generated(LengthSpec prompt, LengthSpec output) {
  WorkloadSpec spec;
  spec.kind = WorkloadKind::kGenerated;
  spec.classes = {{.prompt = prompt, .output = output}};
  spec.num_requests = 1'000;
  return spec;
}

TEST(OpenWorkload, RefusesAnInvalidSpec) {
  WorkloadSpec spec;
  spec.name = "no such";
  EXPECT_EQ(OpenWorkload(spec).status().code(), StatusCode::kInvalidArgument);
}

TEST(OpenWorkload, NumbersRequestsInOrderOfArrival) {
  WorkloadSpec spec;
  spec.num_requests = 100;
  spec.rate = 10;
  const auto requests = AllOf(OpenWorkload(spec));
  ASSERT_EQ(requests.size(), 100U);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].id, i);
    EXPECT_GE(requests[i].arrival_ns, requests[i == 0 ? 0 : i - 1].arrival_ns);
  }
}

TEST(OpenWorkload, ChangesWithTheSeedAlone) {
  WorkloadSpec spec;
  const auto first = AllOf(OpenWorkload(spec));
  const auto again = AllOf(OpenWorkload(spec));
  spec.seed = 1;
  const auto other = AllOf(OpenWorkload(spec));
  EXPECT_EQ(PromptsOf(first), PromptsOf(again));
  EXPECT_NE(PromptsOf(first), PromptsOf(other));
}

TEST(OpenWorkload, RateChangesArrivalsButNotLengths) {
  WorkloadSpec spec;
  spec.rate = 2;
  const auto slow = AllOf(OpenWorkload(spec));
  spec.rate = 8;
  const auto fast = AllOf(OpenWorkload(spec));
  EXPECT_EQ(PromptsOf(slow), PromptsOf(fast));
  EXPECT_EQ(OutputsOf(slow), OutputsOf(fast));
  EXPECT_EQ(slow.back().arrival_ns, 4 * fast.back().arrival_ns);
}

TEST(OpenWorkload, MixesClassesByWeight) {
  WorkloadSpec spec = Generated({.min = 10}, {.min = 1});
  spec.classes[0].weight = 3;
  spec.classes.push_back({.weight = 1, .prompt = {.min = 20}, .output = {.min = 2}});
  spec.classes.push_back({.weight = 0, .prompt = {.min = 30}, .output = {.min = 3}});
  spec.num_requests = 40'000;
  std::int64_t first = 0;
  for (const Request& request : AllOf(OpenWorkload(spec))) {
    ASSERT_NE(request.prompt_tokens, 30);
    ASSERT_EQ(request.output_tokens, request.prompt_tokens / 10);
    first += request.prompt_tokens == 10 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(first), 30'000, 400);
}

TEST(OpenWorkload, OracleAllowsExactlyTheOutput) {
  WorkloadSpec spec;
  spec.oracle = true;
  for (const Request& request : AllOf(OpenWorkload(spec))) {
    ASSERT_EQ(request.max_output_tokens, request.output_tokens);
  }
}

TEST(OpenWorkload, WithoutOracleTheLimitIsRoundAndSaysNothingOfTheOutput) {
  WorkloadSpec spec =
      Generated({.min = 10}, {.kind = LengthKind::kUniform, .min = 1, .max = 5'000});
  std::set<std::int32_t> limits;
  for (const Request& request : AllOf(OpenWorkload(spec))) {
    ASSERT_GE(request.max_output_tokens, request.output_tokens);
    limits.insert(request.max_output_tokens);
  }
  EXPECT_EQ(limits, (std::set<std::int32_t>{2'048, 4'096, 6'144}));
}

TEST(OpenWorkload, AUsersLimitEndsLongerOutputs) {
  WorkloadSpec spec = Generated({.min = 10}, {.kind = LengthKind::kUniform, .min = 1, .max = 100});
  spec.max_output_tokens = 50;
  std::int64_t longest = 0;
  for (const Request& request : AllOf(OpenWorkload(spec))) {
    ASSERT_EQ(request.max_output_tokens, 50);
    longest = std::max<std::int64_t>(longest, request.output_tokens);
  }
  EXPECT_EQ(longest, 50);
}

TEST(OpenWorkload, WithoutLongKeepsTheShortRequestsAsTheyWere) {
  WorkloadSpec spec;
  spec.name = "short-beside-long";
  spec.rate = 5;
  const auto all = AllOf(OpenWorkload(spec));
  spec.without_long = true;
  const auto kept = AllOf(OpenWorkload(spec));
  std::size_t next = 0;
  for (const Request& request : all) {
    if (request.prompt_tokens >= 100'000) continue;
    ASSERT_LT(next, kept.size());
    EXPECT_EQ(kept[next].id, request.id);
    EXPECT_EQ(kept[next].arrival_ns, request.arrival_ns);
    EXPECT_EQ(kept[next].prompt_tokens, request.prompt_tokens);
    EXPECT_EQ(kept[next].output_tokens, request.output_tokens);
    ++next;
  }
  EXPECT_EQ(next, kept.size());
  EXPECT_LT(kept.size(), all.size());
}

}  // namespace
}  // namespace braid
