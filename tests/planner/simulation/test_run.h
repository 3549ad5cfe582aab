#pragma once

#include "engine/engine.h"
#include "plan/cluster_spec.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/policy.h"
#include "planner/sim/simulation/fast_clock.h"
#include "planner/sim/workload/workload_spec.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// A simulation whose parts a test can look at: Simulate without its metrics.
struct TestRunSpec {
  ClusterSpec cluster;
  std::string model = "lwm-7b";
  WorkloadSpec workload;
  PolicyOptions policy;
  std::int32_t longest_run = 64;  ///< EngineOptions::longest_run
  bool one_pass = false;          ///< every decode pass is planned anew
};

class TestRun {
 public:
  /// Fails the test where the spec cannot run. `listener` and, where given, `clock` are borrowed;
  /// without a clock the run has a FastClock of its own.
  TestRun(const TestRunSpec& spec, EngineListener& listener);

  bool ok() const { return engine_ != nullptr; }
  /// To the end. Errors: those of the engine; Internal where the policy goes round in circles.
  Status Run();

  Engine& engine() { return *engine_; }
  const CostModel& costs() const { return *costs_; }
  const ClusterSpec& cluster() const { return cluster_; }
  const FastClock& clock() const { return *clock_; }
  const std::vector<Request>& requests() const { return requests_; }

 private:
  ClusterSpec cluster_;
  std::vector<Request> requests_;
  std::unique_ptr<CostModel> costs_;
  std::unique_ptr<Planner> policy_;
  std::unique_ptr<Planner> one_pass_;
  std::unique_ptr<FastClock> clock_;
  std::unique_ptr<RequestSource> source_;
  std::unique_ptr<Engine> engine_;
};

/// Requests of uniform lengths.
WorkloadSpec UniformTraffic(std::int64_t most_prompt, std::int64_t most_output, double rate,
                            std::int64_t num_requests);
WorkloadSpec NamedTraffic(const std::string& name, double rate, std::int64_t num_requests);

}  // namespace braid
