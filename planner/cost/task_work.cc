#include "planner/cost/task_work.h"

#include "parallel/layout/volume.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace braid {
namespace {

/// Products are two operations a weight, and attention is one product with K and one with V.
constexpr double kFlopsPerMultiply = 2;
constexpr double kPartialBytes = 4;  // partial results travel in f32

/// What all tasks of a template share.
struct Context {
  const Template& tmpl;
  const WorkPlace& place;

  double width(Buffer buffer) const {
    return buffer == Buffer::kNone ? 0 : tmpl.widths[static_cast<std::size_t>(buffer)];
  }
  double kv_width() const { return width(Buffer::kKey) + width(Buffer::kValue); }
  double degree() const { return place.degree; }
};

/// The size that counts a task's rows, and how many rows one of it is.
struct RowCount {
  Size size;
  double times = 1;
};

RowCount RowsOf(const Task& task, const Context& context) {
  switch (task.rows) {
    case RowSet::kSampled:
      return {Size::kSampledRows};
    case RowSet::kVisiting:
      return {Size::kRingTokens};
    case RowSet::kPeer:
    case RowSet::kReturned:
      return {Size::kQueryRows, context.degree() - 1};
    case RowSet::kMoved:
      return {Size::kMovedTokens};
    default:
      return {Size::kRows};
  }
}

double HalfOf(const Task& task) {
  if (task.half == Half::kWhole) return 1;
  // The second half attends to the first, whose KV travels again in its ring.
  if (task.half == Half::kSecond && task.rows == RowSet::kVisiting) return 1;
  return 0.5;
}

TaskWork::Term PerRow(const Task& task, const Context& context, Rate rate, double units) {
  const RowCount rows = RowsOf(task, context);
  return {rows.size, {rate, units * rows.times * HalfOf(task)}};
}

void SetMatMul(const Task& task, const Context& context, TaskWork& work) {
  const double weights = context.width(task.in) * context.width(task.out) / task.num_parts;
  work.work = WorkClass::kMatMul;
  work.cuttable = true;
  work.floor = {Rate::kMemoryByte, weights * context.place.precision.weight_bytes};
  work.terms[0] = PerRow(task, context, Rate::kMatMulFlop, kFlopsPerMultiply * weights);
}

/// Of (p + n)^2 - p^2 pairs half are visible to a causal prompt.
double FlopsPerPair(const Context& context) {
  constexpr double kProducts = 2;
  return kProducts * kFlopsPerMultiply * context.width(Buffer::kQuery) / 2;
}

double KvBytesPerToken(const Context& context) {
  return context.kv_width() * context.place.precision.kv_bytes;
}

void SetAttention(const Task& task, const Context& context, TaskWork& work) {
  work.work = WorkClass::kAttention;
  work.cuttable = true;
  // A decode row reads its KV where it lies; in a group of d, 1 / d of what an instance reads is
  // for the rows that it is master of.
  double share = 1;
  if (task.rows == RowSet::kMastered) share = 1 / context.degree();
  if (task.rows == RowSet::kPeer) share = 1 - 1 / context.degree();
  share *= HalfOf(task);
  work.terms[0] = {Size::kDecodeContext, {Rate::kKvByte, share * KvBytesPerToken(context)}};
  if (task.rows == RowSet::kAll || task.rows == RowSet::kStriped) {
    work.terms[1] = {Size::kPrefillPairs,
                     {Rate::kAttentionFlop, HalfOf(task) * FlopsPerPair(context)}};
  }
}

/// One of d equal blocks of a ring.
void SetAttendBlock(const Task& task, const Context& context, TaskWork& work) {
  work.work = WorkClass::kAttention;
  work.cuttable = true;
  work.terms[0] = {Size::kPrefillPairs,
                   {Rate::kAttentionFlop, HalfOf(task) * FlopsPerPair(context) / context.degree()}};
  if (task.part > 0) work.fixed[1] = {Rate::kRingStep, 1};
}

void SetAllReduce(const Task& task, const Context& context, TaskWork& work) {
  // What one rank sends of a long vector, as a multiple of it; counted over a vector that all sizes
  // divide.
  constexpr std::uint64_t kVector = 4ULL * 720'720 * 1024;
  const double sent =
      static_cast<double>(AllReduceBytesSent(context.place.tensor_size, 0, kVector)) /
      static_cast<double>(kVector);
  const double bytes = context.width(task.in) * context.place.precision.activation_bytes;
  work.known_ns = 2.0 * (context.place.tensor_size - 1) * context.place.all_reduce_hop_ns;
  work.terms[0] = PerRow(task, context, Rate::kAllReduceByte, bytes * sent);
}

void SetMessage(const Task& task, const Context& context, double bytes, TaskWork& work) {
  work.known_ns = context.place.ring_latency_ns;
  work.terms[0] = PerRow(task, context, Rate::kPeerByte, bytes);
}

void SetCommunication(const Task& task, const Context& context, TaskWork& work) {
  work.lane = Lane::kNetwork;
  work.work = WorkClass::kNetwork;
  work.cuttable = task.kind == TaskKind::kAllReduce;
  work.fixed = {};
  const double activation = context.place.precision.activation_bytes;
  const double query = context.width(Buffer::kQuery);
  constexpr double kHalfExchange = 0.5;
  switch (task.kind) {
    case TaskKind::kAllReduce:
      SetAllReduce(task, context, work);
      return;
    case TaskKind::kRingShift:
      SetMessage(task, context, KvBytesPerToken(context) * context.place.ring_scale, work);
      work.terms[0].size = Size::kRingTokens;
      return;
    case TaskKind::kQueryExchange:
      SetMessage(task, context, query * activation * context.place.exchange_scale, work);
      work.terms[0].size = Size::kQueryRows;
      work.terms[0].per_unit.units *=
          task.rows == RowSet::kPeer || task.rows == RowSet::kReturned ? 1 : context.degree() - 1;
      work.fixed[0] = {Rate::kExchangeStep, kHalfExchange};
      return;
    case TaskKind::kPartialExchange:
      SetMessage(task, context, query * kPartialBytes * context.place.exchange_scale, work);
      work.terms[0].size = Size::kQueryRows;
      work.terms[0].per_unit.units *=
          task.rows == RowSet::kPeer || task.rows == RowSet::kReturned ? 1 : context.degree() - 1;
      work.fixed[0] = {Rate::kExchangeStep, kHalfExchange};
      return;
    case TaskKind::kSendKv:
    case TaskKind::kReceiveKv:
      SetMessage(task, context, KvBytesPerToken(context) * context.place.ring_scale, work);
      work.terms[0].size = Size::kMovedTokens;
      return;
    case TaskKind::kGather: {
      // The first rank receives every other's slice.
      const double others = context.place.tensor_size - 1;
      SetMessage(task, context, context.width(Buffer::kLogits) * others * activation, work);
      work.known_ns = context.place.tensor_latency_ns;
      return;
    }
    default:  // a pipeline's boundary
      SetMessage(task, context, context.width(Buffer::kResidual) * activation, work);
      return;
  }
}

/// Bytes a row that an element-wise task reads and writes.
double BytesTouched(const Task& task, const Context& context) {
  const double activation = context.place.precision.activation_bytes;
  switch (task.kind) {
    case TaskKind::kStoreKv:
      return context.kv_width() * (activation + context.place.precision.kv_bytes);
    case TaskKind::kPackBlock:
      return context.kv_width() * (activation + context.place.precision.kv_bytes);
    case TaskKind::kRetainKv:
      // Each token stays in one instance of the group.
      return 2 * KvBytesPerToken(context) / context.degree();
    case TaskKind::kAdd:
    case TaskKind::kSwiGlu:
      return 3 * context.width(task.out) * activation;
    case TaskKind::kMergePartials:
      return 3 * context.width(Buffer::kQuery) * kPartialBytes;
    case TaskKind::kEmbed:
      return 2 * context.width(task.out) * activation;
    default:
      return (context.width(task.in) + context.width(task.out)) * activation;
  }
}

}  // namespace

TaskWork WorkOf(const Task& task, const Template& tmpl, const WorkPlace& place) {
  const Context context{tmpl, place};
  TaskWork work;
  work.fixed[0] = {place.prefill ? Rate::kPrefillLaunch : Rate::kDecodeLaunch, 1};
  if (LaneOf(task.kind) == Lane::kNetwork) {
    SetCommunication(task, context, work);
    return work;
  }
  switch (task.kind) {
    case TaskKind::kMatMul:
      SetMatMul(task, context, work);
      break;
    case TaskKind::kAttention:
      SetAttention(task, context, work);
      break;
    case TaskKind::kAttendBlock:
      SetAttendBlock(task, context, work);
      break;
    default:
      work.terms[0] = PerRow(task, context, Rate::kMemoryByte, BytesTouched(task, context));
      if (task.kind == TaskKind::kSelectRows) {
        work.terms[1] = {Size::kSampledRows, {Rate::kSampledRow, HalfOf(task)}};
      }
      break;
  }
  return work;
}

namespace {

/// A template is priced once per layer section, so a first layer that passes over a task cannot be
/// one of several equal layers: it moves to the end of the prologue. There the task stays as one
/// that takes no time and waits for nobody, so that edges, which count tasks, need no change.
Template WithFirstLayerApart(Template tmpl) {
  const auto begin = tmpl.tasks.begin();
  const auto layer = begin + tmpl.layer.first_task;
  const bool skips = std::any_of(layer, layer + tmpl.layer.num_tasks,
                                 [](const Task& task) { return task.skips_first_layer; });
  if (!skips || tmpl.layers.size() == 0) return tmpl;
  std::vector<Task> tasks(begin + tmpl.prologue.first_task,
                          begin + tmpl.prologue.first_task + tmpl.prologue.num_tasks);
  tasks.insert(tasks.end(), layer, layer + tmpl.layer.num_tasks);
  const auto num_prologue = static_cast<std::uint32_t>(tasks.size());
  tasks.insert(tasks.end(), layer, layer + tmpl.layer.num_tasks);
  const auto epilogue = begin + tmpl.epilogue.first_task;
  tasks.insert(tasks.end(), epilogue, epilogue + tmpl.epilogue.num_tasks);
  tmpl.tasks = std::move(tasks);
  tmpl.prologue = {.first_task = 0, .num_tasks = num_prologue};
  tmpl.layer.first_task = num_prologue;
  tmpl.epilogue.first_task = num_prologue + tmpl.layer.num_tasks;
  ++tmpl.layers.begin;
  return tmpl;
}

bool IsPassedOver(const Template& tmpl, std::uint32_t task) {
  return tmpl.tasks[task].skips_first_layer && task < tmpl.layer.first_task;
}

}  // namespace

WorkTemplate WorkTemplateOf(const Template& whole, const WorkPlace& place) {
  const Template tmpl = WithFirstLayerApart(whole);
  WorkTemplate work;
  for (std::uint32_t i = 0; i < tmpl.tasks.size(); ++i) {
    const Task& task = tmpl.tasks[i];
    const bool passed_over = IsPassedOver(tmpl, i);
    work.tasks.push_back(passed_over ? TaskWork{.lane = LaneOf(task.kind)}
                                     : WorkOf(task, tmpl, place));
    work.first_dependency.push_back(task.first_dependency);
    work.num_dependencies.push_back(passed_over ? std::uint8_t{0} : task.num_dependencies);
  }
  work.dependencies = tmpl.dependencies;
  work.prologue = tmpl.prologue;
  work.layer = tmpl.layer;
  work.epilogue = tmpl.epilogue;
  work.num_layers = tmpl.layers.size();
  return work;
}

namespace {

// Half up: correctly rounded steps only, the same on every machine.
std::int64_t Rounded(double value) { return static_cast<std::int64_t>(std::floor(value + 0.5)); }

double Ns(const TaskWork::Amount& amount, const Rates& rates) {
  return amount.rate == Rate::kNone ? 0 : amount.units * rates[amount.rate];
}

TimedTask PriceTask(const TaskWork& work, const Rates& rates) {
  TimedTask task;
  task.lane = work.lane;
  task.work = work.work;
  task.cuttable = work.cuttable;
  double fixed = work.known_ns;
  for (const TaskWork::Amount& amount : work.fixed) fixed += Ns(amount, rates);
  task.fixed_ns = Rounded(fixed);
  task.floor_ns = Rounded(Ns(work.floor, rates));
  constexpr double kOne = std::int64_t{1} << TimedTask::kCoefficientBits;
  for (std::size_t i = 0; i < work.terms.size(); ++i) {
    if (work.terms[i].size == Size::kNone) continue;
    task.terms[i] = {work.terms[i].size, Rounded(Ns(work.terms[i].per_unit, rates) * kOne)};
  }
  return task;
}

}  // namespace

TimedTemplate PriceTemplate(const WorkTemplate& work, const Rates& rates, double overhead_ns) {
  TimedTemplate timed;
  for (std::size_t i = 0; i < work.tasks.size(); ++i) {
    timed.tasks.push_back(PriceTask(work.tasks[i], rates));
    timed.tasks.back().first_dependency = work.first_dependency[i];
    timed.tasks.back().num_dependencies = work.num_dependencies[i];
  }
  timed.dependencies = work.dependencies;
  timed.prologue = work.prologue;
  timed.layer = work.layer;
  timed.epilogue = work.epilogue;
  timed.num_layers = work.num_layers;
  timed.overhead_ns = Rounded(overhead_ns);
  return timed;
}

StepAmounts AmountsOf(const WorkTemplate& work, const StepSizes& sizes, const Rates& rates) {
  StepAmounts amounts;
  const auto add = [&](const TaskWork::Amount& amount, double times) {
    if (amount.rate == Rate::kNone) return;
    amounts.units[static_cast<std::size_t>(amount.rate)] += amount.units * times;
  };
  const auto add_section = [&](const Section& section, double times) {
    for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
      const TaskWork& task = work.tasks[section.first_task + i];
      for (const TaskWork::Amount& amount : task.fixed) add(amount, times);
      double variable = 0;
      const auto size_of = [&](const TaskWork::Term& term) {
        return term.size == Size::kNone ? 0.0 : static_cast<double>(sizes[term.size]);
      };
      for (const TaskWork::Term& term : task.terms) {
        variable += Ns(term.per_unit, rates) * size_of(term);
      }
      if (Ns(task.floor, rates) > variable) {
        add(task.floor, times);
      } else {
        for (const TaskWork::Term& term : task.terms) add(term.per_unit, times * size_of(term));
      }
    }
  };
  add_section(work.prologue, 1);
  add_section(work.layer, work.num_layers);
  add_section(work.epilogue, 1);
  return amounts;
}

}  // namespace braid
