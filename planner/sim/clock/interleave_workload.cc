#include "planner/sim/clock/interleave_workload.h"

#include <algorithm>
#include <random>

namespace braid {
namespace {

constexpr std::int32_t kLayers = 12;
constexpr std::int64_t kAllReduces = 2;
constexpr std::int64_t kThousand = 1000;
// Of a layer's compute time: attention, and each of four products. The share of attention decides
// what rounds reach where windows are shorter than tasks.
constexpr std::int64_t kAttentionShare = 140;
constexpr std::int64_t kProductShare = 215;

// Exponential with mean `mean_ns`, by comparing uniform numbers only, so that no logarithm of a
// platform gets into it (von Neumann, 1951): a falling run of odd length gives the fraction, each
// run of even length before it one more unit.
std::int64_t DrawExponential(std::mt19937_64& random, std::int64_t mean_ns) {
  for (std::int64_t units = 0;; ++units) {
    const std::uint64_t first = random();
    std::uint64_t last = first;
    int length = 1;
    for (std::uint64_t next = random(); next < last; next = random()) {
      last = next;
      ++length;
    }
    if (length % 2 == 1) {
      const auto fraction = static_cast<std::int64_t>(first >> 32);
      return units * mean_ns + ((fraction * mean_ns) >> 32);
    }
  }
}

TimedTask MakeTask(Lane lane, WorkClass work, std::int64_t task_ns) {
  TimedTask task;
  task.lane = lane;
  task.work = work;
  task.cuttable = true;
  // Rows are thousandths of a standard batch.
  task.terms[0] = {Size::kRows, (task_ns << TimedTask::kCoefficientBits) / kThousand};
  task.num_dependencies = 1;
  task.first_dependency = 0;
  return task;
}

}  // namespace

TimedTemplate MakeInterleaveTemplate(const InterleaveWorkload& workload) {
  const std::int64_t network_ns =
      InterleaveWorkload::kStepNs * workload.network_share / (kThousand * kLayers * kAllReduces);
  const std::int64_t compute_ns =
      InterleaveWorkload::kStepNs * (kThousand - workload.network_share) / (kThousand * kLayers);
  const TimedTask product =
      MakeTask(Lane::kCompute, WorkClass::kMatMul, compute_ns * kProductShare / kThousand);
  const TimedTask attention =
      MakeTask(Lane::kCompute, WorkClass::kAttention, compute_ns * kAttentionShare / kThousand);
  const TimedTask all_reduce = MakeTask(Lane::kNetwork, WorkClass::kNetwork, network_ns);
  TimedTemplate tmpl;
  tmpl.tasks = {product, attention, product, all_reduce, product, product, all_reduce};
  tmpl.dependencies = {1};
  tmpl.layer = {0, static_cast<std::uint32_t>(tmpl.tasks.size())};
  tmpl.num_layers = kLayers;
  return tmpl;
}

ContentionMatrix MakeInterleaveContention(const InterleaveWorkload& workload) {
  const std::int64_t factor = (workload.contention * ContentionMatrix::kOne + 500) / kThousand;
  const auto network = static_cast<std::size_t>(WorkClass::kNetwork);
  ContentionMatrix matrix;
  for (std::size_t work = 0; work < kNumWorkClasses; ++work) {
    if (work == network) continue;
    matrix.factor[work][network] = factor;
    matrix.factor[network][work] = factor;
  }
  return matrix;
}

std::vector<StrandStart> DrawInterleaveBatches(const InterleaveWorkload& workload,
                                               const TimedTemplate& tmpl) {
  std::mt19937_64 random(workload.seed);
  std::vector<StrandStart> batches;
  std::int64_t now = 0;
  for (std::int32_t i = 0; i < workload.num_batches; ++i) {
    // Both are drawn whatever the load, so that batches are the same at every load.
    const std::int64_t gap = DrawExponential(random, InterleaveWorkload::kStepNs);
    StrandStart batch;
    batch.tmpl = &tmpl;
    batch.sizes[Size::kRows] = 600 + static_cast<std::int64_t>(random() % 801);
    if (workload.load > 0) now += gap * kThousand / workload.load;
    batch.arrival_ns = now;
    batches.push_back(batch);
  }
  return batches;
}

std::vector<std::int64_t> RunPipeline(std::span<const StrandStart> batches,
                                      std::int32_t num_stages) {
  std::vector<std::int64_t> stage_free(static_cast<std::size_t>(num_stages), 0);
  std::vector<std::int64_t> ends;
  for (const StrandStart& batch : batches) {
    std::int64_t compute_ns = 0;
    for (std::uint32_t i = 0; i < batch.tmpl->layer.num_tasks; ++i) {
      const TimedTask& task = batch.tmpl->tasks[batch.tmpl->layer.first_task + i];
      if (task.lane == Lane::kCompute) compute_ns += task.Ns(batch.sizes);
    }
    // A stage has 1 / num_stages of the layers, but num_stages times the work in each of them.
    const std::int64_t stage_ns = compute_ns * batch.tmpl->num_layers;
    std::int64_t now = batch.arrival_ns;
    for (std::int64_t& free : stage_free) {
      now = std::max(now, free) + stage_ns;
      free = now;
    }
    ends.push_back(now);
  }
  return ends;
}

}  // namespace braid
