// No policy does better than the bound that is said to hold for all.
#include "planner/sim/bound/bound.h"
#include "planner/sim/report/metrics.h"
#include "planner/sim/simulation/observing_listener.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

/// Counts what met the SLO while a listener passes records on.
struct Outcome {
  Summary summary;
  std::vector<Request> requests;
  double offered_rate = 0;  ///< from the first arrival to the last
};

/// Long enough that the end of the queue, which is served after the last arrival, counts little.
struct Traffic {
  std::string name;
  std::int64_t num_requests;

  friend std::ostream& operator<<(std::ostream& out, const Traffic& traffic) {
    return out << traffic.name;
  }
};

class PolicyBound : public ::testing::TestWithParam<Traffic> {
 protected:
  static TestRunSpec SpecOf(const std::string& policy, double rate) {
    TestRunSpec spec;
    spec.policy.name = policy;
    // Liger's rates are measured task by task: fewer requests will do.
    const std::int64_t share = policy == "liger" ? 10 : 1;
    spec.workload = NamedTraffic(GetParam().name, rate, GetParam().num_requests / share);
    return spec;
  }

  static Slo SloOf(const CostModel& costs) {
    Slo slo;
    const PrefillLine line = costs.Prefill(costs.max_degree());
    slo.ideal_prefill_ns = [line](std::int64_t tokens) {
      const auto length = static_cast<double>(tokens);
      return line.Ns(length, length * length);
    };
    return slo;
  }

  static std::vector<TrafficRequest> TrafficOf(const std::vector<Request>& requests, const Slo& slo) {
    std::vector<TrafficRequest> traffic;
    for (const Request& request : requests) {
      traffic.push_back({.prompt_tokens = request.prompt_tokens,
                         .output_tokens = request.output_tokens,
                         .allowed_ns = slo.TtftLimitNs(request.prompt_tokens) +
                                       slo.tpot_limit_ns * (request.output_tokens - 1)});
    }
    return traffic;
  }
};

/// Passes an engine's requests on to metrics once the clock is known.
class LateListener final : public EngineListener {
 public:
  void Tell(EngineListener& listener) { listener_ = &listener; }
  void OnEnded(const EngineView& view, StepIndex step) override { listener_->OnEnded(view, step); }
  void OnFinished(const EngineView& view, const RequestState& request) override {
    listener_->OnFinished(view, request);
  }
  void OnRejected(const EngineView& view, const RequestState& request,
                  const std::string& why) override {
    listener_->OnRejected(view, request, why);
  }

 private:
  EngineListener* listener_ = nullptr;
};

Outcome Serve(const TestRunSpec& spec, const Slo& slo) {
  Outcome outcome;
  LateListener late;
  TestRun run(spec, late);
  EXPECT_TRUE(run.ok());
  if (!run.ok()) return outcome;
  Metrics metrics({.slo = slo,
                   .num_instances = run.cluster().num_instances(),
                   .kv_slots = run.costs().kv_slots() * run.cluster().num_instances()});
  ObservingListener listener(metrics, nullptr, run.clock());
  late.Tell(listener);
  const Status status = run.Run();
  EXPECT_TRUE(status.ok()) << status.ToString();
  outcome.summary = metrics.Summarize();
  outcome.requests = run.requests();
  const double seconds = 1e-9 * static_cast<double>(outcome.requests.back().arrival_ns -
                                                    outcome.requests.front().arrival_ns);
  outcome.offered_rate = static_cast<double>(outcome.requests.size()) / seconds;
  return outcome;
}

/// Whatever share of requests a policy served within the SLO at some rate: by a rule that asks for
/// just that share, the bound must be at least that rate.
using RateBoundOfPolicies = PolicyBound;

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

/// With all requests there from the start and no limits, a policy does all the work that the bound
/// charges for: here they come closest.
using QueueBound = PolicyBound;

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

std::string NameOf(const ::testing::TestParamInfo<Traffic>& workload) {
  std::string name = workload.param.name;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(On, QueueBound,
                         ::testing::Values(Traffic{"zipf-1.0", 400}, Traffic{"zipf-1.2", 500},
                                           Traffic{"zipf-1.4", 600}, Traffic{"mixed", 300},
                                           Traffic{"sharegpt", 1'500}),
                         NameOf);

INSTANTIATE_TEST_SUITE_P(On, RateBoundOfPolicies,
                         ::testing::Values(Traffic{"zipf-1.0", 3'000}, Traffic{"zipf-1.2", 3'000},
                                           Traffic{"zipf-1.4", 4'000}, Traffic{"mixed", 1'500},
                                           Traffic{"sharegpt", 6'000}),
                         NameOf);

}  // namespace
}  // namespace braid
