#pragma once

#include "launch/option_table.h"
#include "planner/policy/policy_options.h"

namespace braid {

/// Adds every knob of every policy, as a flag and as a key of the section "policy". Which policies
/// run is an option of its own (launch/scenario_options.h); limits come from the section "slo".
void AddPolicyOptions(PolicyOptions& fields, OptionTable& table);

}  // namespace braid
