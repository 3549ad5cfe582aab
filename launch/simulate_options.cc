#include "launch/simulate_options.h"

#include "launch/option_targets.h"

#include <limits>

namespace braid {
namespace {

constexpr double kYear = 31'536'000;
constexpr std::int64_t kMostSteps = 100'000;

void AddAt(GlimpseOptions& fields, OptionTable& table) {
  table.Add({.name = "at",
             .target = SecondsTarget(fields.at_ns, 0, kYear),
             .value_name = "SECONDS",
             .help = "simulated time from which on steps are shown",
             .in_file = false});
}

}  // namespace

OptionTable TableOf(SimulateOptions& fields) {
  OptionTable table;
  AddScenarioOptions(fields.scenario, table);
  table.Add({.name = "find-goodput",
             .target = SwitchTarget{&fields.find_goodput},
             .value_name = "",
             .help = "search for the highest rate that meets the limits, instead of --rate"});
  table.Add({.name = "precision",
             .target = RealTarget{&fields.precision, 0, 0.5, /*above_minimum=*/true},
             .value_name = "X",
             .help = "of --find-goodput, relative to the rate found"});
  table.Add({.name = "out",
             .target = TextTarget{&fields.out},
             .value_name = "DIR",
             .help = "write summary, requests, traces, settings and wall-clock figures there",
             .default_note = "none",
             .in_file = false});
  table.Add({.name = "json",
             .target = SwitchTarget{&fields.json},
             .value_name = "",
             .help = "print one JSON object instead of tables",
             .in_file = false});
  return table;
}

OptionTable PlanTableOf(GlimpseOptions& fields) {
  OptionTable table;
  AddScenarioOptions(fields.scenario, table);
  AddAt(fields, table);
  table.Add({.name = "steps",
             .target = IntegerTarget{&fields.steps, 1, kMostSteps},
             .value_name = "N",
             .help = "how many steps",
             .in_file = false});
  table.Add({.name = "out",
             .target = TextTarget{&fields.out},
             .value_name = "FILE",
             .help = "write the steps there, encoded; as text where the name ends in .txt",
             .default_note = "none",
             .in_file = false});
  table.Add({.name = "check",
             .target = TextTarget{&fields.check},
             .value_name = "FILE",
             .help = "plan nothing; check the plan in this file, encoded or text",
             .default_note = "none",
             .in_file = false});
  return table;
}

OptionTable ExplainTableOf(GlimpseOptions& fields) {
  OptionTable table;
  AddScenarioOptions(fields.scenario, table);
  AddAt(fields, table);
  table.Add({.name = "steps",
             .target = IntegerTarget{&fields.steps, 1, kMostSteps},
             .value_name = "N",
             .help = "how many decisions",
             .in_file = false});
  table.Add({.name = "request",
             .target = IntegerTarget{&fields.request, 0, std::numeric_limits<std::int64_t>::max()},
             .value_name = "ID",
             .help = "only what was decided about this request",
             .default_note = "any",
             .in_file = false});
  return table;
}

}  // namespace braid
