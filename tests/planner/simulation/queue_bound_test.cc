// No policy works off a queue faster than the bound that is said to hold for all.
#include "tests/planner/simulation/policy_bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

namespace braid {
namespace {

using QueueBound = PolicyBound;

/// With all requests there from the start and no limits, a policy does all the work that the bound
/// charges for: here they come closest.
TEST_P(QueueBound, IsExceededByNoPolicy) {
  for (const std::string& policy : PolicyNames()) {
    TestRunSpec spec = SpecOf(policy, 0);
    spec.workload.arrivals.kind = ArrivalKind::kBurst;
    const Outcome outcome = Serve(spec, Slo());
    EngineListener nobody;
    const TestRun probe(spec, nobody);
    const auto requests = static_cast<double>(outcome.summary.num_requests);
    // What is rejected, because no group of the policy holds it, counts as left out.
    const auto finished = static_cast<double>(outcome.summary.num_finished);
    const BoundRules rules = {.num_instances = probe.cluster().num_instances(),
                              .attainment = finished / requests,
                              .tpot_limit_ns = 1'000'000'000'000'000};
    const Result<RateBound> bound =
        BoundRate(probe.costs(), TrafficOf(outcome.requests, Slo()), rules);
    ASSERT_TRUE(bound.ok());
    const double rate = requests / outcome.summary.duration_s;
    EXPECT_EQ(outcome.summary.num_unfinished, 0) << policy;
    EXPECT_LE(rate, bound->rate) << policy;
    std::printf("[ queue    ] %s, %s: %.0f %% of the bound\n", GetParam().name.c_str(),
                policy.c_str(), 100 * rate / bound->rate);
  }
}

INSTANTIATE_TEST_SUITE_P(On, QueueBound,
                         ::testing::Values(Traffic{"zipf-1.0", 400}, Traffic{"zipf-1.2", 500},
                                           Traffic{"zipf-1.4", 600}, Traffic{"mixed", 300},
                                           Traffic{"sharegpt", 1'500}),
                         NameOf);

}  // namespace
}  // namespace braid
