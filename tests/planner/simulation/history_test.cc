#include "tests/planner/simulation/history_replayer.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

/// A situation that every policy has to come through.
struct Situation {
  std::string name;
  ClusterSpec cluster;
  WorkloadSpec workload;
  bool oracle = false;

  friend std::ostream& operator<<(std::ostream& out, const Situation& situation) {
    return out << situation.name;
  }
};

WorkloadSpec AllAtOnce(std::int64_t num_requests) {
  WorkloadSpec workload = UniformTraffic(6'000, 200, 0, num_requests);
  workload.arrivals.kind = ArrivalKind::kBurst;
  return workload;
}

WorkloadSpec InBursts(std::int64_t num_requests) {
  WorkloadSpec workload = UniformTraffic(9'000, 150, 10, num_requests);
  workload.arrivals = {.kind = ArrivalKind::kGamma, .cv = 5};
  return workload;
}

std::vector<Situation> Situations() {
  const ClusterSpec eight;  // 4 instances of 2 devices
  ClusterSpec one = eight;
  one.devices_per_node = 2;
  ClusterSpec three = eight;
  three.devices_per_node = 6;
  three.tensor_size = 2;
  ClusterSpec nodes = eight;
  nodes.num_nodes = 2;
  ClusterSpec tight = eight;
  tight.kv_slots = 9'000;
  ClusterSpec tighter = tight;
  tighter.kv_slots = 2'100;
  ClusterSpec single = eight;
  single.max_strands = 1;
  ClusterSpec single_tight = tight;
  single_tight.max_strands = 1;
  ClusterSpec pairs = eight;
  pairs.max_strands = 2;
  return {
      {"Zipf", eight, NamedTraffic("zipf-1.2", 2, 150)},
      {"ShareGpt", eight, NamedTraffic("sharegpt", 40, 400)},
      {"Mixed", eight, NamedTraffic("mixed", 0.5, 80)},
      {"ShortBesideLong", eight, NamedTraffic("short-beside-long", 3, 150)},
      {"AllAtOnce", eight, AllAtOnce(200)},
      {"InBursts", eight, InBursts(200)},
      {"InBurstsWithOracle", eight, InBursts(200), true},
      {"OneInstance", one, NamedTraffic("zipf-1.4", 1, 100)},
      {"ThreeInstances", three, NamedTraffic("zipf-1.0", 1, 100)},
      {"TwoNodes", nodes, NamedTraffic("mixed", 1, 80)},
      {"TightMemory", tight, UniformTraffic(8'000, 600, 3, 120)},
      {"TightMemoryWithOracle", tight, UniformTraffic(8'000, 600, 3, 120), true},
      {"TighterMemoryAtOnce", tighter, AllAtOnce(100)},
      {"TightLongOutputs", tighter, UniformTraffic(300, 900, 20, 120)},
      {"OneStrand", single, NamedTraffic("zipf-1.2", 2, 100)},
      {"OneStrandTightMemory", single_tight, UniformTraffic(8'000, 600, 3, 120)},
      {"TwoStrands", pairs, NamedTraffic("short-beside-long", 3, 100)},
      {"ShortestRequests", eight, UniformTraffic(2, 2, 500, 300)},
  };
}

void ExpectNothingWrong(TestRunSpec spec, std::uint64_t seed) {
  spec.workload.seed = seed;
  HistoryRecorder history;
  TestRun run(spec, history);
  ASSERT_TRUE(run.ok());
  const Status status = run.Run();
  ASSERT_TRUE(status.ok()) << status.ToString();
  HistoryReplayer replayer({.num_instances = run.cluster().num_instances(),
                            .kv_slots = run.costs().kv_slots(),
                            .max_strands = run.cluster().max_strands},
                           run.requests());
  for (const std::string& complaint : replayer.Check(history.facts())) ADD_FAILURE() << complaint;
}

struct PolicyInSituation {
  std::string policy;
  Situation situation;

  friend std::ostream& operator<<(std::ostream& out, const PolicyInSituation& both) {
    return out << both.policy << " in " << both.situation;
  }
};

std::vector<PolicyInSituation> AllTogether() {
  std::vector<PolicyInSituation> all;
  for (const std::string& policy : PolicyNames()) {
    std::vector<Situation> situations = Situations();
    for (Situation& situation : situations) {
      // Prefill and decode apart need an instance each.
      if (policy == "disaggregated" && situation.name == "OneInstance") continue;
      // Rates of Liger's rounds are measured task by task, so fewer requests have to do.
      if (policy == "liger") situation.workload.num_requests /= 5;
      all.push_back({policy, std::move(situation)});
    }
  }
  return all;
}

class History : public ::testing::TestWithParam<PolicyInSituation> {};

TEST_P(History, ObeysTheRulesOfSlotsAndStates) {
  const auto& [policy, situation] = GetParam();
  for (const std::uint64_t seed : {0U, 1U}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestRunSpec spec;
    spec.cluster = situation.cluster;
    spec.workload = situation.workload;
    spec.policy.name = policy;
    spec.policy.oracle = situation.oracle;
    spec.workload.oracle = situation.oracle;
    ExpectNothingWrong(spec, seed);
  }
}

std::string NameOf(const ::testing::TestParamInfo<PolicyInSituation>& info) {
  std::string name = info.param.policy + "_" + info.param.situation.name;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, History, ::testing::ValuesIn(AllTogether()), NameOf);

}  // namespace
}  // namespace braid
