// The fast clock against the task clock, and repeats against planning anew: to the nanosecond.
#include "planner/sim/clock/task_clock.h"
#include "tests/planner/simulation/history.h"
#include "tests/planner/simulation/sharing_listener.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace braid {
namespace {

/// A step that had its ranks to itself, and how long it took.
struct Sample {
  StepMeasure measure;
  std::int32_t repeats = 1;
  std::int64_t duration_ns = 0;
};

std::string KindOf(const StepSignature& signature) {
  std::string kind = signature.move                          ? "move"
                     : signature.prefill && signature.decode ? "mixed"
                     : signature.prefill                     ? "prefill"
                                                             : "decode";
  kind += signature.sampled ? "" : " (unsampled)";
  kind += signature.across_nodes ? " across nodes" : "";
  kind += signature.token_split ? " in two halves" : "";
  return kind + " on " + std::to_string(signature.degree);
}

/// Keeps the first steps of each kind.
class StepSampler final : public SharingListener {
 public:
  static constexpr std::size_t kMostOfAKind = 60;

  void Watch(const FastClock& clock) { clock_ = &clock; }

  void OnEndedAlone(const EngineView& view, StepIndex index) override {
    const RunningStep& step = view.step(index);
    if (step.plan.period_ns > 0 || step.repeats_done > 40) return;
    const StepMeasure& measure = clock_->Measure(index);
    std::vector<Sample>& kind = samples[KindOf(measure.signature)];
    if (kind.size() >= kMostOfAKind) return;
    kind.push_back({measure, step.repeats_done, step.end_ns - step.start_ns});
  }

  std::map<std::string, std::vector<Sample>> samples;

 private:
  const FastClock* clock_ = nullptr;
};

/// The steps that a policy took, and the model that says what they cost.
struct Source {
  std::string policy;
  std::string workload;
  double rate;
  std::int64_t num_requests;
  std::int32_t num_nodes;
};

std::int64_t TaskByTask(const CostModel& costs, TaskClock& clock, const Sample& sample) {
  std::int64_t total_ns = 0;
  for (std::int32_t pass = 0; pass < sample.repeats; ++pass) {
    const StrandStart strand = {.tmpl = &costs.Timed(sample.measure.signature),
                                .sizes = sample.measure.SizesOf(pass)};
    ClockResult result;
    EXPECT_TRUE(clock.Run({&strand, 1}, {}, &result).ok());
    total_ns += result.strands.front().end_ns;
  }
  return total_ns;
}

TEST(FastClock, TakesAsLongAsTheTaskClockOnAThousandSteps) {
  std::map<std::string, std::size_t> checked;
  std::size_t total = 0;
  // Contention within a step is part of what the cost model was calibrated to.
  Result<TaskClock> task_clock = TaskClock::Make({}, ContentionMatrix{});
  ASSERT_TRUE(task_clock.ok());
  for (const Source& source : std::vector<Source>{{"braid", "short-beside-long", 1, 120, 1},
                                                  {"braid", "mixed", 0.5, 60, 2},
                                                  {"loongserve", "zipf-1.0", 1.5, 200, 1},
                                                  {"loongserve", "mixed", 0.6, 60, 2},
                                                  {"static-sp", "sharegpt", 20, 200, 1},
                                                  {"static-tp", "zipf-1.2", 2, 100, 1},
                                                  {"chunked-prefill", "zipf-1.2", 2, 100, 1}}) {
    TestRunSpec spec;
    spec.cluster.num_nodes = source.num_nodes;
    spec.workload = NamedTraffic(source.workload, source.rate, source.num_requests);
    spec.policy.name = source.policy;
    StepSampler sampler;
    TestRun run(spec, sampler);
    ASSERT_TRUE(run.ok());
    sampler.Watch(run.clock());
    const Status status = run.Run();
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (const auto& [kind, samples] : sampler.samples) {
      for (const Sample& sample : samples) {
        ASSERT_EQ(sample.duration_ns, TaskByTask(run.costs(), *task_clock, sample))
            << source.policy << ", " << kind << ", " << sample.repeats << " passes";
      }
      checked[kind] += samples.size();
      total += samples.size();
    }
  }
  for (const auto& [kind, count] : checked) {
    std::printf("[ sampled  ] %4zu %s\n", count, kind.c_str());
  }
  EXPECT_GE(total, 1'000U);
  for (const char* kind :
       {"prefill on 1", "prefill on 2", "prefill on 4", "decode on 1", "decode on 2", "decode on 4",
        "mixed on 1", "prefill across nodes on 8"}) {
    EXPECT_GT(checked[kind], 0U) << kind;
  }
}

/// Steps that simulations of today happen not to take, at sizes that they took.
TEST(FastClock, PricesEveryKindOfStepAsTheTaskClockDoes) {
  TestRunSpec spec;
  spec.workload = NamedTraffic("zipf-1.2", 2, 60);
  spec.policy.name = "static-sp";
  StepSampler sampler;
  TestRun run(spec, sampler);
  ASSERT_TRUE(run.ok());
  sampler.Watch(run.clock());
  ASSERT_TRUE(run.Run().ok());
  Result<TaskClock> task_clock = TaskClock::Make({}, ContentionMatrix{});
  ASSERT_TRUE(task_clock.ok());
  int kinds = 0;
  for (const auto& [kind, samples] : sampler.samples) {
    for (std::int32_t degree = 1; degree <= 4; ++degree) {
      for (unsigned flags = 0; flags < 16; ++flags) {
        Sample sample = samples[flags % samples.size()];
        StepSignature& signature = sample.measure.signature;
        signature.degree = degree;
        signature.token_split = (flags & 1) != 0;
        signature.exchange_in_turn = (flags & 2) != 0;
        signature.across_nodes = (flags & 4) != 0;
        signature.move = (flags & 8) != 0;
        if (signature.move) signature.prefill = signature.decode = signature.token_split = false;
        if (signature.move && degree == 1) continue;
        sample.measure.sizes[Size::kMovedTokens] = signature.move ? 1'234 * (1 + degree) : 0;
        sample.repeats = 1;
        EXPECT_EQ(run.costs().StepNs(signature, sample.measure.sizes),
                  TaskByTask(run.costs(), *task_clock, sample))
            << KindOf(signature) << ", flags " << flags;
        ++kinds;
      }
    }
  }
  EXPECT_GT(kinds, 100);
}

/// What each request got, by id.
std::map<std::uint64_t, RequestSnapshot> LastOf(const std::vector<Fact>& history) {
  std::map<std::uint64_t, RequestSnapshot> requests;
  for (const Fact& fact : history) {
    const auto* left = std::get_if<RequestLeft>(&fact);
    if (left != nullptr && left->why == RequestLeft::Why::kFinished) {
      requests[left->request.request.id] = left->request;
    }
  }
  return requests;
}

void ExpectTheSame(const TestRunSpec& repeated, const TestRunSpec& replanned) {
  HistoryRecorder with_repeats;
  HistoryRecorder without;
  TestRun first(repeated, with_repeats);
  TestRun second(replanned, without);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(first.Run().ok());
  ASSERT_TRUE(second.Run().ok());
  EXPECT_GT(first.engine().counts().repeats, 10U);
  EXPECT_EQ(first.engine().counts().passes, second.engine().counts().passes);
  const auto expected = LastOf(with_repeats.facts());
  const auto got = LastOf(without.facts());
  ASSERT_EQ(expected.size(), first.requests().size());
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [id, request] : expected) {
    const RequestSnapshot& other = got.at(id);
    EXPECT_EQ(request.first_scheduled_ns, other.first_scheduled_ns) << id;
    EXPECT_EQ(request.first_token_ns, other.first_token_ns) << id;
    EXPECT_EQ(request.last_token_ns, other.last_token_ns) << id;
    EXPECT_EQ(request.num_chunks, other.num_chunks) << id;
    EXPECT_EQ(request.num_evictions, other.num_evictions) << id;
  }
}

TEST(Repeats, TakeAsLongAsPassesThatTheEngineBringsOneByOne) {
  for (const char* policy : {"static-tp", "static-sp", "replicas", "chunked-prefill"}) {
    for (const char* workload : {"sharegpt", "zipf-1.2"}) {
      SCOPED_TRACE(std::string(policy) + " " + workload);
      TestRunSpec spec;
      spec.policy.name = policy;
      spec.workload = NamedTraffic(workload, 3, 80);
      TestRunSpec one_by_one = spec;
      one_by_one.longest_run = 1;
      ExpectTheSame(spec, one_by_one);
    }
  }
}

/// Of groups of one instance: where there are several, masters are chosen anew with each plan.
TEST(Repeats, TakeAsLongAsPassesThatThePolicyPlansOneByOne) {
  for (const char* policy : {"static-tp", "replicas", "chunked-prefill"}) {
    for (const char* workload : {"sharegpt", "zipf-1.2"}) {
      SCOPED_TRACE(std::string(policy) + " " + workload);
      TestRunSpec spec;
      spec.policy.name = policy;
      spec.workload = NamedTraffic(workload, 3, 80);
      TestRunSpec replanned = spec;
      replanned.one_pass = true;
      ExpectTheSame(spec, replanned);
    }
  }
}

}  // namespace
}  // namespace braid
