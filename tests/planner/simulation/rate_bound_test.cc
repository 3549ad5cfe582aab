// No policy serves more within the SLO than the bound that is said to hold for all.
#include "tests/planner/simulation/policy_bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

namespace braid {
namespace {

using RateBoundOfPolicies = PolicyBound;

/// Whatever share of requests a policy served within the SLO at some rate: by a rule that asks for
/// just that share, the bound must be at least that rate.
TEST_P(RateBoundOfPolicies, IsExceededAtNoRate) {
  for (const std::string& policy : PolicyNames()) {
    EngineListener nobody;
    const TestRun probe(SpecOf(policy, 1), nobody);
    ASSERT_TRUE(probe.ok());
    const Slo slo = SloOf(probe.costs());
    BoundRules rules = {.num_instances = probe.cluster().num_instances(),
                        .tpot_limit_ns = slo.tpot_limit_ns};
    const Result<RateBound> usual =
        BoundRate(probe.costs(), TrafficOf(probe.requests(), slo), rules);
    ASSERT_TRUE(usual.ok());
    double closest = 0;
    for (const double share : {0.3, 0.5, 0.8}) {
      const Outcome outcome = Serve(SpecOf(policy, share * usual->rate), slo);
      rules.attainment = outcome.summary.attainment;
      rules.decile_attainment = outcome.summary.worst_decile;
      const Result<RateBound> bound =
          BoundRate(probe.costs(), TrafficOf(outcome.requests, slo), rules);
      ASSERT_TRUE(bound.ok());
      EXPECT_LE(outcome.offered_rate, bound->run_rate)
          << policy << " at " << share << " of the bound: attainment " << rules.attainment
          << ", worst decile " << rules.decile_attainment;
      closest = std::max(closest, outcome.offered_rate / bound->run_rate);
    }
    std::printf("[ closest  ] %s, %s: %.0f %% of the bound\n", GetParam().name.c_str(),
                policy.c_str(), 100 * closest);
  }
}

INSTANTIATE_TEST_SUITE_P(On, RateBoundOfPolicies,
                         ::testing::Values(Traffic{"zipf-1.0", 3'000}, Traffic{"zipf-1.2", 3'000},
                                           Traffic{"zipf-1.4", 4'000}, Traffic{"mixed", 1'500},
                                           Traffic{"sharegpt", 4'000}),
                         NameOf);

}  // namespace
}  // namespace braid
