#pragma once

#include "plan/program.h"
#include "planner/cost/rates.h"
#include "planner/cost/timed_template.h"

#include <array>
#include <vector>

namespace braid {

/// A task as amounts of what takes time, before anyone says how long each takes:
///   known_ns + fixed + max(floor, terms).
struct TaskWork {
  struct Amount {
    Rate rate = Rate::kNone;
    double units = 0;
  };
  struct Term {
    Size size = Size::kNone;
    Amount per_unit;
  };
  Lane lane = Lane::kCompute;
  WorkClass work = WorkClass::kOther;
  bool cuttable = false;
  double known_ns = 0;  ///< latency of links: stated, not fitted
  std::array<Amount, 2> fixed = {};
  Amount floor = {};
  std::array<Term, 2> terms = {};
};

/// Where a step runs, as far as its tasks' work depends on it.
struct WorkPlace {
  Precision precision;
  std::int32_t tensor_size = 1;
  std::int32_t degree = 1;
  bool prefill = false;  ///< the step has prompts: its launches are theirs
  /// Bytes to a peer instance count this much more than bytes within a node.
  double ring_scale = 1;      ///< to one neighbour
  double exchange_scale = 1;  ///< to all others at once
  double ring_latency_ns = 0;
  double tensor_latency_ns = 0;  ///< between ranks of one instance
  double all_reduce_hop_ns = 0;  ///< of each of the 2 (n - 1) steps of an all-reduce over n
};

/// The work of one task of `tmpl`.
TaskWork WorkOf(const Task& task, const Template& tmpl, const WorkPlace& place);

/// A template with work instead of operands.
struct WorkTemplate {
  std::vector<TaskWork> tasks;
  std::vector<std::uint16_t> dependencies;
  std::vector<std::uint16_t> first_dependency;  ///< of each task
  std::vector<std::uint8_t> num_dependencies;   ///< of each task
  Section prologue;
  Section layer;
  Section epilogue;
  std::int32_t num_layers = 0;
};

WorkTemplate WorkTemplateOf(const Template& tmpl, const WorkPlace& place);

/// The template in nanoseconds.
TimedTemplate PriceTemplate(const WorkTemplate& work, const Rates& rates, double overhead_ns);

/// How many units of each rate all tasks of a step of these sizes take together. Of a floor and the
/// terms above it the one counts that is larger at `rates`.
struct StepAmounts {
  std::array<double, kNumRates> units = {};
};
StepAmounts AmountsOf(const WorkTemplate& work, const StepSizes& sizes, const Rates& rates);

}  // namespace braid
