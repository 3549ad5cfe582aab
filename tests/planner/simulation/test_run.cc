#include "tests/planner/simulation/test_run.h"

#include "planner/cost/builtin_models.h"
#include "planner/sim/workload/workload.h"

#include <gtest/gtest.h>

#include <utility>

namespace braid {
namespace {

/// Lets another planner's decodes run for one pass at a time.
class OnePassPlanner final : public Planner, private StepSink {
 public:
  explicit OnePassPlanner(Planner& planner) : planner_(planner) {}

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override {
    sink_ = &sink;
    planner_.Plan(view, events, *this);
  }

 private:
  Issued Issue(const StepPlan& plan) override {
    plan_ = plan;
    plan_.max_repeats = 1;
    return sink_->Issue(plan_);
  }
  void Foresee(StepIndex after, const StepPlan& plan) override {
    plan_ = plan;
    plan_.max_repeats = 1;
    sink_->Foresee(after, plan_);
  }
  void Stop(StepIndex step) override { sink_->Stop(step); }
  void Evict(RequestIndex request) override { sink_->Evict(request); }
  void Reject(RequestIndex request, const std::string& why) override {
    sink_->Reject(request, why);
  }
  void WakeAt(std::int64_t time_ns) override { sink_->WakeAt(time_ns); }

  Planner& planner_;
  StepSink* sink_ = nullptr;
  StepPlan plan_;
};

/// Whether `result` holds a value; fails the test with its message where it does not.
template <typename T>
bool Holds(const Result<T>& result) {
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok();
}

}  // namespace

TestRun::TestRun(const TestRunSpec& spec, EngineListener& listener)
    : cluster_(ClusterFor(spec.policy.name, spec.cluster)) {
  const Result<Profile> profile = FindProfile(cluster_.profile);
  const Result<ModelSpec> model = BuiltinModel(spec.model);
  if (!Holds(profile) || !Holds(model)) return;
  Result<CostModel> costs = CostModel::Make(*profile, *model, cluster_);
  if (!Holds(costs)) return;
  costs_ = std::make_unique<CostModel>(std::move(costs).value());
  Result<std::unique_ptr<Planner>> policy = MakePolicy(spec.policy, *costs_, cluster_);
  Result<std::unique_ptr<RequestSource>> all = OpenWorkload(spec.workload);
  Result<std::unique_ptr<RequestSource>> source = OpenWorkload(spec.workload);
  if (!Holds(policy) || !Holds(all) || !Holds(source)) return;
  policy_ = std::move(policy).value();
  source_ = std::move(source).value();
  for (Request request; (*all)->Next(request);) requests_.push_back(request);
  clock_ = std::make_unique<FastClock>(*costs_, cluster_);
  one_pass_ = std::make_unique<OnePassPlanner>(*policy_);
  engine_ = std::make_unique<Engine>(EngineOptions{.num_instances = cluster_.num_instances(),
                                                   .kv_slots = costs_->kv_slots(),
                                                   .max_strands = cluster_.max_strands,
                                                   .longest_run = spec.longest_run},
                                     spec.one_pass ? *one_pass_ : *policy_, *clock_, listener);
}

Status TestRun::Run() {
  // Of simulated time; more steps than any test needs, few enough for memory to hold a history.
  constexpr std::int64_t kSliceNs = 50'000'000'000;
  constexpr std::uint64_t kMostSteps = 100'000;
  for (std::int64_t until_ns = 0; !engine_->idle(); until_ns += kSliceNs) {
    RETURN_IF_ERROR(engine_->Run(*source_, until_ns));
    if (engine_->counts().steps > kMostSteps) {
      return Internal("the policy goes round in circles: " +
                      std::to_string(engine_->counts().steps) + " steps and no end");
    }
  }
  return {};
}

WorkloadSpec UniformTraffic(std::int64_t most_prompt, std::int64_t most_output, double rate,
                            std::int64_t num_requests) {
  WorkloadSpec workload;
  workload.kind = WorkloadKind::kGenerated;
  workload.classes = {{.prompt = {.kind = LengthKind::kUniform, .min = 1, .max = most_prompt},
                       .output = {.kind = LengthKind::kUniform, .min = 1, .max = most_output}}};
  workload.rate = rate;
  workload.num_requests = num_requests;
  return workload;
}

WorkloadSpec NamedTraffic(const std::string& name, double rate, std::int64_t num_requests) {
  WorkloadSpec workload;
  workload.name = name;
  workload.rate = rate;
  workload.num_requests = num_requests;
  return workload;
}

}  // namespace braid
