#include "planner/sim/clock/interleave_figures.h"

#include "planner/sim/clock/interleave_bound.h"

#include <algorithm>
#include <utility>

namespace braid {
namespace {

constexpr auto kStep = static_cast<double>(InterleaveWorkload::kStepNs);
constexpr std::int32_t kStages = 4;
constexpr double kLatencyTarget = 0.2;
constexpr Discipline kTensorParallel = {.kind = DisciplineKind::kSequential};
// What the released code of Liger has in flight.
constexpr Discipline kRounds = {
    .kind = DisciplineKind::kRounds, .depth = 6, .split_network = false};
constexpr Discipline kRoundsSplit = {
    .kind = DisciplineKind::kRounds, .depth = 6, .split_network = true};
// As published: a quantum of 0.02 of a step.
constexpr Discipline kCoarseLanes = {
    .kind = DisciplineKind::kLanes, .depth = 4, .quantum_ns = InterleaveWorkload::kStepNs / 50};
constexpr Discipline kListLanes = {.kind = DisciplineKind::kLanes, .depth = 3};
constexpr Discipline kShallowLanes = {.kind = DisciplineKind::kLanes, .depth = 2};

struct Published {
  std::int64_t network_share;
  std::array<double, 5> throughput;
  std::array<double, 5> latency;
};
constexpr std::array<Published, 4> kPublished = {{
    {150, {0.99, 1.14, 1.00, 1.00, 1.15}, {13.3, 8.1, 12.2, 0, 5.6}},
    {250, {0.99, 1.30, 1.14, 1.14, 1.28}, {13.3, 5.8, 5.8, 0, 3.7}},
    {400, {0.99, 1.62, 1.45, 1.46, 1.55}, {13.3, 3.6, 2.6, 0, 2.2}},
    {500, {0.99, 1.94, 1.35, 1.68, 1.79}, {13.3, 2.7, 3.0, 0, 1.8}},
}};

InterleaveWorkload Saturated(InterleaveWorkload workload) {
  workload.load = 0;
  return workload;
}

double MeanLatency(const std::vector<StrandStart>& batches, const std::vector<std::int64_t>& ends) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) sum += ends[i] - batches[i].arrival_ns;
  return static_cast<double>(sum) / static_cast<double>(batches.size()) / kStep;
}

double Throughput(std::size_t num_batches, std::int64_t end_ns) {
  return static_cast<double>(num_batches) * kStep / static_cast<double>(end_ns);
}

std::vector<std::int64_t> EndsOf(const ClockResult& result) {
  std::vector<std::int64_t> ends;
  for (const StrandResult& strand : result.strands) ends.push_back(strand.end_ns);
  return ends;
}

void AddDelays(const ClockResult& result, InterleaveOutcome& outcome) {
  double delay = 0;
  double work = 0;
  for (const StrandResult& strand : result.strands) {
    const auto mine = static_cast<double>(strand.delay_ns);
    const auto alone = static_cast<double>(strand.work_ns);
    delay += mine;
    work += alone;
    outcome.worst_delay = std::max(outcome.worst_delay, mine / alone);
  }
  outcome.mean_delay = delay / work;
}

// The figures with targets, on one draw.
struct Ratios {
  double throughput_over_tp = 0;
  double throughput_over_pp = 0;
  double latency_over_tp = 0;
  double delay = 0;
  double lone = 0;
  double lanes_latency = 0;
  double tp_latency = 0;
  double least_latency = 0;  ///< of any schedule
};

Result<Ratios> MeasureRatios(std::uint64_t seed) {
  const InterleaveWorkload workload = {.seed = seed};
  ASSIGN_OR_RETURN(const InterleaveOutcome tp, MeasureInterleaving(workload, kTensorParallel));
  ASSIGN_OR_RETURN(const InterleaveOutcome lanes, MeasureInterleaving(workload, kListLanes));
  const InterleaveOutcome pp = MeasurePipeline(workload, kStages);
  return Ratios{.throughput_over_tp = lanes.throughput / tp.throughput,
                .throughput_over_pp = lanes.throughput / pp.throughput,
                .latency_over_tp = lanes.mean_latency / tp.mean_latency,
                .delay = lanes.mean_delay,
                .lone = lanes.lone_over_alone,
                .lanes_latency = lanes.mean_latency,
                .tp_latency = tp.mean_latency,
                .least_latency = LeastMeanLatency(workload)};
}

std::vector<InterleaveFigure> FiguresOf(const Ratios& ratios) {
  return {{"saturated throughput over TP", 1.5, ratios.throughput_over_tp, true},
          {"saturated throughput over PP", 0.9, ratios.throughput_over_pp, true},
          {"mean latency at TP's capacity over TP", kLatencyTarget, ratios.latency_over_tp, false},
          {"waiting of the primary over its step", 0.05, ratios.delay, false},
          {"one request alone over TP", 1.0, ratios.lone, false}};
}

InterleaveReport::Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

Result<InterleaveRow> MeasureRow(const Published& published) {
  const InterleaveWorkload workload = {.network_share = published.network_share,
                                       .seed = kReferenceSeed};
  InterleaveRow row;
  row.network_share = published.network_share;
  row.published_throughput = published.throughput;
  row.published_latency = published.latency;
  ASSIGN_OR_RETURN(row.here[0], MeasureInterleaving(workload, kTensorParallel));
  row.here[1] = MeasurePipeline(workload, kStages);
  ASSIGN_OR_RETURN(row.here[2], MeasureInterleaving(workload, kRounds));
  ASSIGN_OR_RETURN(row.here[3], MeasureInterleaving(workload, kRoundsSplit));
  ASSIGN_OR_RETURN(row.here[4], MeasureInterleaving(workload, kCoarseLanes));
  ASSIGN_OR_RETURN(row.here[5], MeasureInterleaving(workload, kListLanes));
  return row;
}

}  // namespace

Result<InterleaveOutcome> MeasureInterleaving(const InterleaveWorkload& workload,
                                              const Discipline& discipline) {
  const TimedTemplate tmpl = MakeInterleaveTemplate(workload);
  ASSIGN_OR_RETURN(TaskClock clock,
                   TaskClock::Make(discipline, MakeInterleaveContention(workload)));
  InterleaveOutcome outcome;
  ClockResult result;
  const std::vector<StrandStart> saturated = DrawInterleaveBatches(Saturated(workload), tmpl);
  RETURN_IF_ERROR(clock.Run(saturated, {}, &result));
  outcome.throughput = Throughput(saturated.size(), result.end_ns);
  AddDelays(result, outcome);

  const std::vector<StrandStart> loaded = DrawInterleaveBatches(workload, tmpl);
  RETURN_IF_ERROR(clock.Run(loaded, {}, &result));
  outcome.mean_latency = MeanLatency(loaded, EndsOf(result));

  const StrandStart lone = saturated.front();
  RETURN_IF_ERROR(clock.Run({&lone, 1}, {}, &result));
  outcome.lone_over_alone = static_cast<double>(result.strands[0].end_ns) /
                            static_cast<double>(result.strands[0].work_ns);
  return outcome;
}

InterleaveOutcome MeasurePipeline(const InterleaveWorkload& workload, std::int32_t num_stages) {
  const TimedTemplate tmpl = MakeInterleaveTemplate(workload);
  const std::vector<StrandStart> saturated = DrawInterleaveBatches(Saturated(workload), tmpl);
  const std::vector<StrandStart> loaded = DrawInterleaveBatches(workload, tmpl);
  return {.throughput = Throughput(saturated.size(), RunPipeline(saturated, num_stages).back()),
          .mean_latency = MeanLatency(loaded, RunPipeline(loaded, num_stages))};
}

namespace {

// Figures of seeds 0 .. num_seeds - 1 and their spreads.
Status AddSeeds(InterleaveReport& report) {
  std::vector<std::vector<double>> by_figure;
  std::vector<double> bounds;
  double lanes_latency = 0;
  double tp_latency = 0;
  double least_latency = 0;
  for (std::int32_t seed = 0; seed < report.num_seeds; ++seed) {
    ASSIGN_OR_RETURN(const Ratios ratios, MeasureRatios(static_cast<std::uint64_t>(seed)));
    const std::vector<InterleaveFigure> figures = FiguresOf(ratios);
    by_figure.resize(figures.size());
    for (std::size_t i = 0; i < figures.size(); ++i) by_figure[i].push_back(figures[i].reached);
    if (seed == 0) report.figures = figures;
    lanes_latency += ratios.lanes_latency;
    tp_latency += ratios.tp_latency;
    least_latency += ratios.least_latency;
    bounds.push_back(ratios.least_latency / ratios.tp_latency);
    if (bounds.back() > kLatencyTarget) ++report.latency_bound.num_out_of_reach;
  }
  for (std::vector<double>& values : by_figure)
    report.spreads.push_back(SpreadOf(std::move(values)));
  report.pooled_latency_ratio = lanes_latency / tp_latency;
  report.latency_bound.seed_0 = bounds.front();
  report.latency_bound.pooled = least_latency / tp_latency;
  report.latency_bound.median = SpreadOf(std::move(bounds)).median;
  return {};
}

}  // namespace

Result<InterleaveReport> InterleaveFigures(std::int32_t num_seeds) {
  InterleaveReport report;
  for (const Published& published : kPublished) {
    ASSIGN_OR_RETURN(InterleaveRow row, MeasureRow(published));
    report.table.push_back(std::move(row));
  }
  report.num_seeds = std::max(num_seeds, 1);
  RETURN_IF_ERROR(AddSeeds(report));
  report.reference_seed = kReferenceSeed;
  ASSIGN_OR_RETURN(const Ratios reference, MeasureRatios(kReferenceSeed));
  report.reference_latency_ratio = reference.latency_over_tp;
  report.latency_bound.reference = reference.least_latency / reference.tp_latency;
  ASSIGN_OR_RETURN(const InterleaveOutcome tp, MeasureInterleaving({}, kTensorParallel));
  ASSIGN_OR_RETURN(const InterleaveOutcome shallow, MeasureInterleaving({}, kShallowLanes));
  ASSIGN_OR_RETURN(const InterleaveOutcome lanes, MeasureInterleaving({}, kListLanes));
  report.worst_waiting = lanes.worst_delay;
  report.depth_2_throughput_ratio = shallow.throughput / tp.throughput;
  return report;
}

}  // namespace braid
