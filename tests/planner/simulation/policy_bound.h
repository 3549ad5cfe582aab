#pragma once

#include "planner/sim/bound/bound.h"
#include "planner/sim/report/metrics.h"
#include "planner/sim/simulation/observing_listener.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace braid {
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

  static std::vector<TrafficRequest> TrafficOf(const std::vector<Request>& requests,
                                               const Slo& slo) {
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

inline Outcome Serve(const TestRunSpec& spec, const Slo& slo) {
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

inline std::string NameOf(const ::testing::TestParamInfo<Traffic>& workload) {
  std::string name = workload.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

}  // namespace braid
