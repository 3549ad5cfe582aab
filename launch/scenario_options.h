#pragma once

#include "launch/option_table.h"
#include "planner/sim/simulation/simulation.h"

#include <string>
#include <vector>

namespace braid {

/// What simulate, plan and explain share: which requests, on which machines, under which policies,
/// as the user states it. Options write straight into `spec`; launch/scenario.h settles the rest.
struct ScenarioOptions {
  SimulationSpec spec;
  std::string model = "lwm-7b";
  std::string actual_profile;  ///< empty: as the profile that the planner believes
  std::string source;          ///< name of a workload, path of a trace, "generated", or empty
  std::vector<std::string> policies = {"braid"};
  TrafficClass single;  ///< of --prompt-tokens and --output-tokens
  std::string config;
  bool print_config = false;
};

/// Adds the sections model, cluster, workload, policy and slo. `fields` outlives the table.
void AddScenarioOptions(ScenarioOptions& fields, OptionTable& table);

}  // namespace braid
