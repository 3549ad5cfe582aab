#include "planner/sim/bound/failure_allowance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

namespace braid {
namespace {

using Tokens = std::vector<std::int64_t>;
using Costs = std::vector<double>;

Tokens OneToTwenty() {
  Tokens tokens;
  for (std::int64_t t = 1; t <= 20; ++t) tokens.push_back(t);
  return tokens;
}

TEST(FailureAllowance, LeavesOutTheCostliestTenthOfAll) {
  FailureAllowance allowance(OneToTwenty(), 0.1, 1);
  Costs costs(20, 1.0);
  costs[3] = 50;
  costs[19] = 100;
  costs[18] = 7;
  EXPECT_EQ(allowance.LeastSum(costs), 17 + 7);
}

TEST(FailureAllowance, RoundsTheNumberThatMayFailDown) {
  FailureAllowance allowance(OneToTwenty(), 0.09, 1);
  EXPECT_EQ(allowance.LeastSum(Costs(20, 1.0)), 19);
  FailureAllowance none(OneToTwenty(), 0.04, 1);
  EXPECT_EQ(none.LeastSum(Costs(20, 1.0)), 20);
}

TEST(FailureAllowance, TakesNoMoreThanItsShareFromOneDecile) {
  // 100 lengths; the longest decile costs 10 each, all others 1: two of its ten may fail, and eight
  // of the rest.
  Tokens tokens;
  Costs costs;
  for (std::int64_t t = 0; t < 100; ++t) {
    tokens.push_back(1000 - t);  // longest first: the order given does not matter
    costs.push_back(t < 10 ? 10 : 1);
  }
  FailureAllowance by_decile(tokens, 0.1, 0.2);
  EXPECT_EQ(by_decile.LeastSum(costs), 8 * 10 + 82);
  FailureAllowance in_all(tokens, 0.1, 1);
  EXPECT_EQ(in_all.LeastSum(costs), 90);
}

TEST(FailureAllowance, LetsALengthInTwoDecilesFailFreely) {
  // All of one length: whatever fails is spread over the deciles in proportion.
  FailureAllowance allowance(Tokens(30, 128), 0.1, 0.2);
  Costs costs(30, 1.0);
  costs[0] = costs[1] = costs[2] = 9;
  EXPECT_EQ(allowance.LeastSum(costs), 27);
}

TEST(FailureAllowance, MayBeAskedAgainWithOtherCosts) {
  FailureAllowance allowance(OneToTwenty(), 0.1, 1);
  Costs rising;
  for (int t = 0; t < 20; ++t) rising.push_back(t);
  EXPECT_EQ(allowance.LeastSum(rising), 190 - 19 - 18);
  Costs falling(rising.rbegin(), rising.rend());
  EXPECT_EQ(allowance.LeastSum(falling), 190 - 19 - 18);
}

TEST(FailureAllowance, FindsTheLeastSumOfEverySelectionThatTheRuleAllows) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 5; ++round) {
    // Ten deciles of two; up to 30 % may fail, and one of each decile.
    Costs costs;
    for (int r = 0; r < 20; ++r) costs.push_back(static_cast<double>(random() % 30));
    FailureAllowance allowance(OneToTwenty(), 0.3, 0.5);
    double least = 1e9;
    for (std::uint32_t failing = 0; failing < (1U << 20U); ++failing) {
      if (std::popcount(failing) > 6 || (failing & (failing >> 1U) & 0x55555U) != 0) continue;
      double kept = 0;
      for (std::size_t r = 0; r < 20; ++r) kept += ((failing >> r) & 1U) == 0 ? costs[r] : 0;
      least = std::min(least, kept);
    }
    EXPECT_EQ(allowance.LeastSum(costs), least);
  }
}

}  // namespace
}  // namespace braid
