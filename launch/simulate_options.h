#pragma once

#include "launch/option_table.h"
#include "launch/scenario_options.h"

#include <string>

namespace braid {

/// braid simulate.
struct SimulateOptions {
  ScenarioOptions scenario;
  bool find_goodput = false;
  double precision = 0.01;  ///< of the rate found, relative
  std::string out;          ///< folder for files, or empty
  bool json = false;
};

/// braid plan and braid explain.
struct GlimpseOptions {
  ScenarioOptions scenario;
  std::int64_t at_ns = 0;
  std::int64_t steps = 1;
  std::int64_t request = -1;  ///< explain; -1: any
  std::string out;            ///< plan: file for the encoded steps, or empty
  std::string check;          ///< plan: file to check instead, or empty
};

/// The structs outlive their tables.
OptionTable TableOf(SimulateOptions& fields);
OptionTable PlanTableOf(GlimpseOptions& fields);
OptionTable ExplainTableOf(GlimpseOptions& fields);

}  // namespace braid
