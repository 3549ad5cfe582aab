// Every switch of a policy can be thrown alone, obeys all rules then, and does something.
#include "tests/planner/simulation/history_replayer.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

struct Switch {
  std::string policy;
  std::string name;
  std::function<void(PolicyOptions&)> set;

  friend std::ostream& operator<<(std::ostream& out, const Switch& one) {
    return out << one.policy << " " << one.name;
  }
};

std::vector<Switch> Switches() {
  const auto off = [](bool PolicyOptions::*flag) {
    return [flag](PolicyOptions& options) { options.*flag = false; };
  };
  const auto on = [](bool PolicyOptions::*flag) {
    return [flag](PolicyOptions& options) { options.*flag = true; };
  };
  return {
      {"braid", "partition", off(&PolicyOptions::partition)},
      {"braid", "chunking", off(&PolicyOptions::chunking)},
      {"braid", "degree_growth", off(&PolicyOptions::degree_growth)},
      {"braid", "strands", off(&PolicyOptions::strands)},
      {"braid", "packing", off(&PolicyOptions::packing)},
      {"braid", "headroom", off(&PolicyOptions::headroom)},
      {"braid", "hysteresis", off(&PolicyOptions::hysteresis)},
      {"braid", "slack_order", off(&PolicyOptions::slack_order)},
      {"braid", "decode_degree", off(&PolicyOptions::decode_degree)},
      {"braid", "pacing", off(&PolicyOptions::pacing)},
      {"braid", "giving_up", off(&PolicyOptions::giving_up)},
      {"braid", "overlap", off(&PolicyOptions::overlap)},
      {"braid", "moving", off(&PolicyOptions::moving)},
      {"braid", "swap", off(&PolicyOptions::swap)},
      {"braid", "sharing_gain", [](PolicyOptions& options) { options.sharing_gain = 1; }},
      {"loongserve", "released_dispatch", on(&PolicyOptions::released_dispatch)},
      {"loongserve", "backfill",
       [](PolicyOptions& options) { options.barrier = options.backfill = true; }},
      {"loongserve", "barrier", on(&PolicyOptions::barrier)},
      {"loongserve", "queries_to_all", off(&PolicyOptions::queries_to_all)},
      {"loongserve", "out_of_order", [](PolicyOptions& options) { options.out_of_order = 0; }},
      {"loongserve", "wait_passes", [](PolicyOptions& options) { options.wait_passes = 1; }},
      {"loongserve", "pass_period_ns",
       [](PolicyOptions& options) { options.pass_period_ns = 22'000'000; }},
      {"static-tp", "pass_period_ns",
       [](PolicyOptions& options) { options.pass_period_ns = 22'000'000; }},
      {"replicas", "round_robin", on(&PolicyOptions::round_robin)},
      {"static-tp", "wait_passes", [](PolicyOptions& options) { options.wait_passes = 1; }},
      {"static-sp", "master_rows", [](PolicyOptions& options) { options.master_rows = 4; }},
      {"chunked-prefill", "chunk_tokens",
       [](PolicyOptions& options) { options.chunk_tokens = 512; }},
      {"disaggregated", "prefill_instances",
       [](PolicyOptions& options) { options.prefill_instances = 3; }},
  };
}

/// Loads under which one mechanism or another matters.
std::vector<TestRunSpec> Loads(const std::string& policy) {
  std::vector<TestRunSpec> loads(4);
  loads[0].workload = NamedTraffic("zipf-1.0", 3, 120);
  loads[1].workload = NamedTraffic("short-beside-long", 8, 200);
  loads[2].workload = UniformTraffic(8'000, 600, 4, 80);
  loads[2].cluster.kv_slots = 9'000;
  loads[3].workload = NamedTraffic("mixed", 2, 100);
  if (policy != "braid") return loads;
  loads.emplace_back();
  loads.back().workload = UniformTraffic(2'000, 3'000, 4, 80);
  loads.back().cluster.kv_slots = 5'000;
  return loads;
}

/// When each request got its first and last token; fails the test where a rule was broken.
std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> TimesOf(const TestRunSpec& spec) {
  std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> times;
  HistoryRecorder history;
  TestRun run(spec, history);
  if (!run.ok()) return times;
  const Status status = run.Run();
  EXPECT_TRUE(status.ok()) << status.ToString();
  HistoryReplayer replayer({.num_instances = run.cluster().num_instances(),
                            .kv_slots = run.costs().kv_slots(),
                            .max_strands = run.cluster().max_strands},
                           run.requests());
  for (const std::string& complaint : replayer.Check(history.facts())) ADD_FAILURE() << complaint;
  for (const Fact& fact : history.facts()) {
    if (const auto* left = std::get_if<RequestLeft>(&fact)) {
      times[left->request.request.id] = {left->request.first_token_ns, left->request.last_token_ns};
    }
  }
  return times;
}

class PolicySwitch : public ::testing::TestWithParam<Switch> {};

TEST_P(PolicySwitch, ObeysTheRulesAndChangesWhatHappens) {
  bool changes = false;
  for (TestRunSpec spec : Loads(GetParam().policy)) {
    spec.policy.name = GetParam().policy;
    const auto usual = TimesOf(spec);
    GetParam().set(spec.policy);
    changes = TimesOf(spec) != usual || changes;
  }
  EXPECT_TRUE(changes);
}

std::string NameOf(const ::testing::TestParamInfo<Switch>& one) {
  std::string name = one.param.policy + "_" + one.param.name;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Alone, PolicySwitch, ::testing::ValuesIn(Switches()), NameOf);

TEST(MakePolicy, NamesAllPoliciesWhereOneIsUnknown) {
  EngineListener nobody;
  TestRunSpec spec;
  spec.workload = NamedTraffic("sharegpt", 1, 5);
  const TestRun run(spec, nobody);
  ASSERT_TRUE(run.ok());
  PolicyOptions options;
  options.name = "fcfs";
  const auto policy = MakePolicy(options, run.costs(), run.cluster());
  ASSERT_FALSE(policy.ok());
  EXPECT_EQ(policy.error().code(), StatusCode::kInvalidArgument);
  for (const std::string& name : PolicyNames()) {
    EXPECT_NE(policy.error().message().find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace braid
