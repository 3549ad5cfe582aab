#pragma once

#include "base/status.h"
#include "plan/cluster_spec.h"
#include "plan/step.h"
#include "planner/policy/decision.h"
#include "planner/sim/simulation/simulation.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace braid {

/// What to look for in a simulation, from `at_ns` on.
struct GlimpseQuestion {
  std::int64_t at_ns = 0;
  std::size_t num_steps = 0;                  ///< steps to collect
  std::size_t num_decisions = 0;              ///< decisions to collect
  std::optional<std::uint64_t> request = {};  ///< decisions: only about this one
};

/// A step as the planner issued it.
struct IssuedStep {
  Step step;
  std::int64_t start_ns = 0;
  std::int32_t repeats = 1;  ///< passes at most
};

/// What was found.
struct Glimpse {
  ClusterSpec cluster;  ///< as the policy cuts it
  std::int64_t kv_slots = 0;
  std::int64_t now_ns = 0;  ///< of the last event before `at_ns`
  std::int64_t num_waiting = 0;
  std::int64_t num_prefilling = 0;  ///< have KV of a part of their prompt
  std::int64_t num_decoding = 0;
  std::int64_t num_swapped = 0;
  std::int64_t num_running_steps = 0;
  std::vector<IssuedStep> steps;
  std::vector<Decision> decisions;
  bool says_reasons = false;     ///< the policy made any decision known, before `at_ns` too
  bool request_arrived = false;  ///< the one in question
  std::int64_t end_ns = 0;       ///< where looking ended
};

/// Simulates until enough is found or nothing more can be: all requests ended, the one in question
/// ended, or 100,000 steps were issued.
/// Errors: those of Simulate.
Result<Glimpse> LookInto(const SimulationSpec& spec, const GlimpseQuestion& question);

}  // namespace braid
