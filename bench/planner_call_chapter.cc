#include "bench/batching_draws.h"
#include "bench/planner_chapters.h"
#include "engine/engine.h"
#include "planner/sim/simulation/fast_clock.h"
#include "planner/sim/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>

namespace braid {
namespace {

/// Of this thread, so that work beside it does not count.
double CpuMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

struct QueueSize {
  std::int32_t requests;
  std::int32_t instances;
  BatchingMethod method;
  double target_ms;
};
constexpr QueueSize kQueues[] = {{64, 8, BatchingMethod::kExact, 1},
                                 {256, 8, BatchingMethod::kExact, 10},
                                 {1024, 64, BatchingMethod::kBucketed, 10}};
constexpr double kLongest[] = {2'300, 40'000, 200'000};
constexpr BatchingObjective kObjectives[] = {BatchingObjective::kNormalisedLatency,
                                             BatchingObjective::kTimeToFirstToken,
                                             BatchingObjective::kSloHinge};
constexpr const char* kObjectiveNames[] = {"normalised", "ttft", "slo"};
constexpr double kMostExcess = 0.01;
constexpr int kComparedDraws = 23;  // of each of nine kinds: 200 in all

std::string LabelOf(const QueueSize& queue) {
  return fmt::format("{} pending x {} instances", queue.requests, queue.instances);
}

// The batching alone, on drawn queues.

struct BatchingSample {
  std::vector<double> ms;
  double worst_excess = 0;  ///< over the exact objective; 0 where the method is exact
  int compared = 0;
};

/// How many draws are timed, and how many of those are searched exactly too, which takes longer.
struct Draws {
  int timed;
  int compared;
};

BatchingSample MeasureBatching(const QueueSize& queue, double longest, BatchingObjective objective,
                               const Draws& draws) {
  const BatchingWorkload workload = {16, longest, queue.requests, queue.instances};
  Batcher batcher;
  Batcher reference;
  BatchingSample sample;
  for (int d = 0; d <= draws.timed; ++d) {  // draw 0 warms memory
    const BatchingDraw draw = DrawBatching(workload, static_cast<std::uint64_t>(d));
    const double before = CpuMs();
    const BatchingPlan& plan = batcher.Solve(draw.Problem(objective, queue.method));
    const double took = CpuMs() - before;
    if (d == 0) continue;
    sample.ms.push_back(took);
    if (queue.method == BatchingMethod::kExact || d > draws.compared) continue;
    const BatchingPlan& exact = reference.Solve(draw.Problem(objective, BatchingMethod::kExact));
    if (!exact.feasible) continue;
    ++sample.compared;
    sample.worst_excess =
        std::max(sample.worst_excess, plan.feasible ? plan.objective / exact.objective - 1
                                                    : std::numeric_limits<double>::infinity());
  }
  return sample;
}

// The whole call of a policy: a queue that arrives at once on idle instances.

class FirstCall final : public Planner {
 public:
  explicit FirstCall(Planner& planner) : planner_(planner) {}
  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override {
    const double before = CpuMs();
    planner_.Plan(view, events, sink);
    if (ms_ < 0) ms_ = CpuMs() - before;
  }
  double ms() const { return ms_; }

 private:
  Planner& planner_;
  double ms_ = -1;
};

SimulationSpec BurstSpec(SimulationSpec spec, const QueueSize& queue) {
  spec.cluster.num_nodes = queue.instances / spec.cluster.instances_per_node();
  spec.workload.arrivals.kind = ArrivalKind::kBurst;
  spec.workload.num_requests = queue.requests;
  // All that wait are to be batched, not as many as take five seconds.
  spec.policy.max_prefill_ns = 1'000'000'000'000;
  spec.policy.max_prefill_tokens = 1'000'000'000;
  return spec;
}

Result<std::vector<double>> MeasureCalls(Contender contender, const char* workload,
                                         const QueueSize& queue, int draws) {
  ASSIGN_OR_RETURN(SimulationSpec base, SettingOf(contender));
  SetNamed(base, workload, 0);
  SimulationSpec spec = BurstSpec(std::move(base), queue);
  ASSIGN_OR_RETURN(const CostModel costs, CostModel::Make(spec.profile, spec.model, spec.cluster));
  std::vector<double> ms;
  EngineListener listener;
  for (int d = 0; d <= draws; ++d) {
    spec.workload.seed = static_cast<std::uint64_t>(d);
    ASSIGN_OR_RETURN(const std::unique_ptr<Planner> policy,
                     MakePolicy(spec.policy, costs, spec.cluster));
    ASSIGN_OR_RETURN(const std::unique_ptr<RequestSource> source, OpenWorkload(spec.workload));
    FastClock clock(costs, spec.cluster);
    FirstCall planner(*policy);
    Engine engine({.num_instances = queue.instances, .kv_slots = costs.kv_slots()}, planner, clock,
                  listener);
    RETURN_IF_ERROR(engine.Run(*source, 0));
    if (d > 0) ms.push_back(planner.ms());  // run 0 fills the cost model's tables
  }
  return ms;
}

void AddBatching(const QueueSize& queue, const Draws& draws, Chapter& chapter,
                 std::vector<std::vector<std::string>>& rows) {
  double worst_p99 = 0;
  double worst_excess = 0;
  int compared = 0;
  for (const double longest : kLongest) {
    for (std::size_t o = 0; o < std::size(kObjectives); ++o) {
      const BatchingSample sample = MeasureBatching(queue, longest, kObjectives[o], draws);
      const double p99 = QuantileOf(sample.ms, 0.99);
      worst_p99 = std::max(worst_p99, p99);
      worst_excess = std::max(worst_excess, sample.worst_excess);
      compared += sample.compared;
      rows.push_back({LabelOf(queue),
                      fmt::format("batching {}, 16-{:.0f}", kObjectiveNames[o], longest),
                      fmt::format("{:.3f}", QuantileOf(sample.ms, 0.5)), fmt::format("{:.3f}", p99),
                      queue.method == BatchingMethod::kExact
                          ? "exact"
                          : fmt::format("{:.3f} %", 100 * sample.worst_excess)});
    }
  }
  chapter.targets.push_back({.what = "batching, " + LabelOf(queue) + ", P99",
                             .target = fmt::format("<= {:g} ms", queue.target_ms),
                             .reached = fmt::format("{:.2f} ms", worst_p99),
                             .verdict = VerdictOf(worst_p99 <= queue.target_ms)});
  if (queue.method == BatchingMethod::kExact) return;
  chapter.targets.push_back(
      {.what = "bucketed batching, objective over exact",
       .target = "<= 1 %, 200 draws",
       .reached = fmt::format("worst {:.3f} % of {} draws", 100 * worst_excess, compared),
       .verdict = VerdictOf(worst_excess <= kMostExcess)});
}

Status AddCalls(const QueueSize& queue, int draws, Chapter& chapter,
                std::vector<std::vector<std::string>>& rows) {
  for (const Contender contender : {Contender::kBraid, Contender::kLoongServe}) {
    double worst = 0;
    for (const char* workload : {"sharegpt", "zipf-1.0"}) {
      ASSIGN_OR_RETURN(const std::vector<double> ms,
                       MeasureCalls(contender, workload, queue, draws));
      const double p99 = QuantileOf(ms, 0.99);
      worst = std::max(worst, p99);
      rows.push_back({LabelOf(queue),
                      fmt::format("Plan() of {}, {}", ContenderName(contender), workload),
                      fmt::format("{:.3f}", QuantileOf(ms, 0.5)), fmt::format("{:.3f}", p99), ""});
    }
    chapter.targets.push_back({.what = fmt::format("whole Plan() of {}, {}, P99",
                                                   ContenderName(contender), LabelOf(queue)),
                               .target = fmt::format("<= {:g} ms", queue.target_ms),
                               .reached = fmt::format("{:.2f} ms", worst),
                               .verdict = VerdictOf(worst <= queue.target_ms)});
  }
  return Status();
}

}  // namespace

Result<Chapter> PlannerCallChapter(const FigureOptions& options) {
  const int draws = options.quick ? 10 : 200;
  Chapter chapter = {.title = "### Calls of the planner"};
  std::vector<std::vector<std::string>> rows = {
      {"queue", "call", "P50 ms", "P99 ms", "worst excess"}};
  for (const QueueSize& queue : kQueues) {
    std::fprintf(stderr, "planner calls: %s\n", LabelOf(queue).c_str());
    AddBatching(queue, {draws, options.quick ? 2 : kComparedDraws}, chapter, rows);
    RETURN_IF_ERROR(AddCalls(queue, draws, chapter, rows));
  }
  chapter.details = fmt::format(
      "CPU time of one thread over {} drawn queues a row. Batching: lengths log-uniform, one "
      "search. "
      "Plan(): the call in which the whole queue arrives on idle instances.\n\n",
      draws);
  chapter.details += MarkdownTable(rows);
  return chapter;
}

}  // namespace braid
