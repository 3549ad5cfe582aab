// Plans and simulates, and is linked with nothing but what that needs.
#include "planner/cost/builtin_models.h"
#include "planner/sim/simulation/simulation.h"

#include <iostream>

int main() {
  braid::SimulationSpec spec;
  spec.workload.num_requests = 20;
  const auto model = braid::BuiltinModel("lwm-7b");
  const auto profile = braid::BuiltinProfile("a800-80gb");
  if (!model.ok() || !profile.ok()) return 1;
  spec.model = *model;
  spec.profile = *profile;
  const auto result = braid::Simulate(spec);
  if (!result.ok() || result->summary.num_finished != 20) return 1;
  std::cout << result->summary.duration_s << " s simulated\n";
  return 0;
}
