// The statistics that docs/workloads.md promises, over 20,000 requests, and the very requests.

#include "base/hash.h"
#include "planner/sim/workload/traffic_sampler.h"
#include "planner/sim/workload/workload.h"
#include "tests/planner/workload/request_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace braid {
namespace {

constexpr std::int64_t kSamples = 20'000;

std::vector<Request> Sample(const std::string& name) {
  WorkloadSpec spec;
  spec.name = name;
  spec.num_requests = kSamples;
  return AllOf(OpenWorkload(spec));
}

void ExpectNear(double value, double target, double tolerance, const std::string& what) {
  EXPECT_NEAR(value, target, target * tolerance) << what;
}

// Tolerances are some two standard errors of 20,000 samples: the median of weights x^-1 has one of
// 3.5 %, tails are rarer the steeper the law. Over 2,000,000 samples all figures are within 2.5 %.
void ExpectZipf(const std::string& name, const LengthStatistics& target, double tail_tolerance) {
  const LengthStatistics reached = StatisticsOf(PromptsOf(Sample(name)));
  ExpectNear(reached.mean, target.mean, tail_tolerance, name + " mean");
  ExpectNear(reached.rms, target.rms, tail_tolerance, name + " rms");
  ExpectNear(reached.p50, target.p50, 0.08, name + " p50");
  ExpectNear(reached.p90, target.p90, 0.05 + tail_tolerance, name + " p90");
  ExpectNear(reached.p99, target.p99, tail_tolerance, name + " p99");
}

TEST(NamedWorkload, Zipf10HasThePublishedLengths) {
  ExpectZipf("zipf-1.0", {20'100, 44'800, 1'400, 73'900, 181'000}, 0.05);
}

TEST(NamedWorkload, Zipf12HasThePublishedLengths) {
  ExpectZipf("zipf-1.2", {7'900, 26'500, 160, 17'300, 147'000}, 0.07);
}

TEST(NamedWorkload, Zipf14HasThePublishedLengths) {
  ExpectZipf("zipf-1.4", {2'500, 13'800, 51, 2'000, 69'500}, 0.12);
}

TEST(NamedWorkload, ShareGptIsShortWithOutputsOf200To250) {
  const auto requests = Sample("sharegpt");
  const LengthStatistics prompts = StatisticsOf(PromptsOf(requests));
  const LengthStatistics outputs = StatisticsOf(OutputsOf(requests));
  for (const Request& request : requests) {
    ASSERT_GE(request.prompt_tokens, 4);
    ASSERT_LE(request.prompt_tokens, 2'300);
    ASSERT_GE(request.output_tokens, 4);
    ASSERT_LT(request.output_tokens, 1'000);
  }
  ExpectNear(prompts.mean, 604, 0.03, "prompt mean");
  ExpectNear(prompts.p50, 429, 0.03, "prompt p50");
  EXPECT_GE(outputs.mean, 200);
  EXPECT_LE(outputs.mean, 250);
}

TEST(NamedWorkload, LEvalIsLongWithShortAnswers) {
  const auto requests = Sample("l-eval");
  const LengthStatistics prompts = StatisticsOf(PromptsOf(requests));
  const LengthStatistics outputs = StatisticsOf(OutputsOf(requests));
  for (const Request& request : requests) {
    ASSERT_GE(request.prompt_tokens, 2'700);
    ASSERT_LE(request.prompt_tokens, 210'500);
    ASSERT_LE(request.output_tokens, 563);
  }
  ExpectNear(prompts.mean, 20'000, 0.05, "prompt mean");
  ExpectNear(outputs.p50, 47, 0.05, "output p50");
  EXPECT_GE(outputs.p90, 100);
  EXPECT_LE(outputs.p90, 130);
}

TEST(NamedWorkload, LvEvalHasFiveLevelsInEqualParts) {
  const auto requests = Sample("lv-eval");
  const std::vector<std::int64_t> ends = {25'000, 51'250, 102'500, 205'000, 412'500};
  std::vector<double> shares(ends.size(), 0);
  for (const Request& request : requests) {
    ASSERT_GE(request.prompt_tokens, 15'100);
    ASSERT_GE(request.output_tokens, 5);
    ASSERT_LE(request.output_tokens, 30);
    std::size_t level = 0;
    while (request.prompt_tokens > ends[level]) ++level;
    shares[level] += 1.0 / kSamples;
  }
  for (const double share : shares) EXPECT_NEAR(share, 0.2, 0.01);
}

TEST(NamedWorkload, MixedTakesAThirdOfEachSet) {
  std::vector<double> shares(3, 0);
  for (const Request& request : Sample("mixed")) {
    ASSERT_GE(request.prompt_tokens, 16);
    ASSERT_GE(request.output_tokens, 4);
    // Above 30 tokens of output and 2,300 of prompt only L-Eval is left; below 2,300 only ShareGPT.
    shares[request.prompt_tokens <= 2'300 ? 0
           : request.output_tokens > 30   ? 1
                                          : 2] += 1.0 / kSamples;
  }
  EXPECT_NEAR(shares[0], 1.0 / 3, 0.012);
  // 73.9 % of L-Eval's outputs are longer than LV-Eval's longest, 30.
  EXPECT_NEAR(shares[1], 0.739 / 3, 0.012);
}

TEST(NamedWorkload, ZipfOutputsComeFromTheSetOfTheirPrompt) {
  std::vector<std::int64_t> of_short;
  std::vector<std::int64_t> of_medium;
  std::vector<std::int64_t> of_long;
  for (const Request& request : Sample("zipf-1.0")) {
    ASSERT_TRUE(request.prompt_tokens <= 2'300 || request.prompt_tokens >= 2'700);
    if (request.prompt_tokens <= 2'300)
      of_short.push_back(request.output_tokens);
    else if (request.prompt_tokens < 15'100)
      of_medium.push_back(request.output_tokens);
    else if (request.prompt_tokens > 150'000)
      of_long.push_back(request.output_tokens);
  }
  EXPECT_NEAR(StatisticsOf(of_short).mean, 236, 10);
  EXPECT_NEAR(StatisticsOf(of_medium).p50, 47, 3);
  EXPECT_NEAR(StatisticsOf(of_medium).p90, 115, 10);
  EXPECT_NEAR(StatisticsOf(of_long).p50, 18, 2);
}

TEST(SnapToSets, LeavesOnlyTheGapBetweenTheSets) {
  EXPECT_EQ(SnapToSets(10), 10);
  EXPECT_EQ(SnapToSets(2'300), 2'300);
  EXPECT_EQ(SnapToSets(2'500), 2'300);
  EXPECT_EQ(SnapToSets(2'501), 2'700);
  EXPECT_EQ(SnapToSets(150'000), 150'000);
}

TEST(ShareOfLEval, FallsWithTheLength) {
  EXPECT_EQ(ShareOfLEval(10'000), 1);
  EXPECT_GT(ShareOfLEval(20'000), 0.35);
  EXPECT_LT(ShareOfLEval(100'000), 0.1);
  EXPECT_GT(ShareOfLEval(20'000), ShareOfLEval(40'000));
}

TEST(NamedWorkload, ShortBesideLongHasFivePercentOfLongPrompts) {
  double long_share = 0;
  for (const Request& request : Sample("short-beside-long")) {
    ASSERT_TRUE(request.prompt_tokens <= 2'300 ||
                (request.prompt_tokens >= 100'000 && request.prompt_tokens <= 200'000));
    if (request.prompt_tokens >= 100'000) long_share += 1.0 / kSamples;
  }
  EXPECT_NEAR(long_share, 0.05, 0.005);
}

std::uint64_t HashOfFirst(const std::string& name, std::int64_t count) {
  WorkloadSpec spec;
  spec.name = name;
  spec.num_requests = count;
  spec.rate = 3;
  Hasher hasher;
  for (const Request& request : AllOf(OpenWorkload(spec))) {
    for (const std::int64_t value :
         {request.arrival_ns, std::int64_t{request.prompt_tokens},
          std::int64_t{request.output_tokens}, std::int64_t{request.max_output_tokens}}) {
      hasher.Add(static_cast<std::uint64_t>(value));
    }
  }
  return hasher.Value();
}

// A change here changes every published figure: it needs a reason, and new figures.
TEST(NamedWorkload, GivesTheSameRequestsOnEveryMachine) {
  EXPECT_EQ(HashOfFirst("sharegpt", 10'000), 0x093b'52b4'f402'9d57ULL);
  EXPECT_EQ(HashOfFirst("l-eval", 10'000), 0xfd63'768c'd48f'add2ULL);
  EXPECT_EQ(HashOfFirst("lv-eval", 10'000), 0x5390'd1f7'b4cb'04ebULL);
  EXPECT_EQ(HashOfFirst("mixed", 10'000), 0xd307'5a19'48f0'd654ULL);
  EXPECT_EQ(HashOfFirst("zipf-1.0", 10'000), 0x3a66'4c0c'f4b3'b59aULL);
  EXPECT_EQ(HashOfFirst("zipf-1.2", 10'000), 0x1b5d'73ba'c2f9'f328ULL);
  EXPECT_EQ(HashOfFirst("zipf-1.4", 10'000), 0xe8e6'3ade'fbfa'46deULL);
  EXPECT_EQ(HashOfFirst("short-beside-long", 10'000), 0x6112'a8d1'e4d1'1447ULL);
}

}  // namespace
}  // namespace braid
