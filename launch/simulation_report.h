#pragma once

#include "launch/scenario.h"
#include "planner/sim/simulation/goodput.h"
#include "planner/sim/simulation/simulation.h"

#include <optional>
#include <span>
#include <string>

namespace braid {

/// What a search for goodput found.
struct GoodputOutcome {
  std::vector<RatePoint> points;  ///< rates tried, in order of trying
  bool ended = true;              ///< false: interrupted
};

/// What came of one policy.
struct PolicyRun {
  std::string policy;
  SimulationResult result = {};
  std::optional<GoodputOutcome> goodput = {};
};

/// One line: model, machines, workload.
std::string ScenarioLine(const Scenario& scenario);

/// The figures side by side, then what the engine did. No wall clock.
std::string SimulationText(const Scenario& scenario, std::span<const PolicyRun> runs);

/// {"policies": [...]} as SummaryJson, each with "engine", "interrupted" and, after a search,
/// "rates_tried". The same bytes for the same run; ends with a newline.
std::string SimulationJson(std::span<const PolicyRun> runs);

/// Planner time per call and speed of the simulation; different every time.
std::string WallClockJson(std::span<const PolicyRun> runs);

}  // namespace braid
