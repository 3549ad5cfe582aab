#pragma once

#include "launch/option_table.h"
#include "planner/sim/workload/workload_spec.h"

#include <optional>
#include <string>
#include <string_view>

namespace braid {

/// A distribution of lengths as people write it: "1000", "uniform:MIN:MAX", "zipf:ALPHA:MIN:MAX" or
/// "log-normal:MEDIAN:SIGMA:MIN:MAX". Not a length: none; ranges are ValidateWorkloadSpec's.
std::optional<LengthSpec> ParseLength(std::string_view text);
std::string LengthText(const LengthSpec& length);

/// An option's target. The field is borrowed.
ParsedTarget LengthTarget(LengthSpec& length);

}  // namespace braid
