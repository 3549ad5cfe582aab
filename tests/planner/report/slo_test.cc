#include "planner/sim/report/slo.h"

#include "tests/planner/report/sample_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace braid {
namespace {

using testing::HasSubstr;

TEST(Slo, TheFloorHoldsForShortPromptsAndTheFactorForLongOnes) {
  Slo slo;
  slo.ideal_prefill_ns = [](std::int64_t tokens) { return static_cast<double>(tokens * kMs); };
  EXPECT_EQ(slo.TtftLimitNs(10), 15 * kSecond);
  EXPECT_EQ(slo.TtftLimitNs(600), 15 * kSecond);
  EXPECT_EQ(slo.TtftLimitNs(1'000), 25 * kSecond);
}

TEST(Slo, WithoutAModelOnlyTheFloorHolds) { EXPECT_EQ(Slo().TtftLimitNs(1'000'000), 15 * kSecond); }

TEST(Slo, AnAbsoluteLimitReplacesBoth) {
  Slo slo;
  slo.ideal_prefill_ns = [](std::int64_t) { return 1e18; };
  slo.ttft_limit_ns = 3 * kMs;
  EXPECT_EQ(slo.TtftLimitNs(1'000), 3 * kMs);
}

TEST(Slo, ALimitIsMetAtTheLimitAndMissedOneNanosecondLater) {
  Slo slo;
  slo.ttft_limit_ns = 100 * kMs;
  slo.tpot_limit_ns = 20 * kMs;
  EXPECT_TRUE(slo.IsMet(FinishedRecord()));
  slo.ttft_limit_ns -= 1;
  EXPECT_FALSE(slo.IsMet(FinishedRecord()));
  slo.ttft_limit_ns += 1;
  slo.tpot_limit_ns -= 1;
  EXPECT_FALSE(slo.IsMet(FinishedRecord()));
}

TEST(Slo, WhatDidNotFinishMisses) {
  EXPECT_FALSE(Slo().IsMet(UnfinishedRecord(false)));
  EXPECT_FALSE(Slo().IsMet(UnfinishedRecord(true)));
}

TEST(Slo, FiguresOfOneRequest) {
  EXPECT_EQ(TtftNs(FinishedRecord()), 100 * kMs);
  EXPECT_EQ(EndToEndNs(FinishedRecord()), 300 * kMs);
  EXPECT_EQ(TpotNs(FinishedRecord()), 20 * kMs);
  RequestRecord one_token = FinishedRecord();
  one_token.request.output_tokens = 1;
  one_token.finish_ns = one_token.first_token_ns;
  EXPECT_EQ(TpotNs(one_token), 0);
  EXPECT_EQ(TtftNs(UnfinishedRecord(false)), -1);
  EXPECT_EQ(TpotNs(UnfinishedRecord(false)), -1);
}

TEST(ValidateSlo, NamesEveryLimitThatCannotBe) {
  EXPECT_TRUE(ValidateSlo(Slo()).ok());
  Slo slo;
  slo.ttft_factor = std::nan("");
  slo.tpot_limit_ns = 0;
  slo.attainment = 1.5;
  const Status status = ValidateSlo(slo);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("TTFT factor is nan"));
  EXPECT_THAT(status.message(), HasSubstr("TPOT limit is 0 ns"));
  EXPECT_THAT(status.message(), HasSubstr("attainment is 1.5"));
}

}  // namespace
}  // namespace braid
