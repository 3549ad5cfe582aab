#pragma once

#include "plan/request.h"
#include "planner/sim/workload/workload_spec.h"

#include <algorithm>
#include <cstdint>

namespace braid {

/// How much output users allow, beside what their requests will produce.
struct OutputLimit {
  bool oracle = false;
  std::int64_t max_output_tokens = 0;  ///< 0: by the rule of WorkloadSpec

  /// A request with the lengths given, both 1 .. kMaxRequestTokens; id and arrival are left at 0.
  Request MakeRequest(std::int64_t prompt, std::int64_t output) const {
    std::int64_t allowed = max_output_tokens;
    if (allowed > 0) {
      output = std::min(output, allowed);
    } else {
      allowed = oracle ? output
                       : (output + kDefaultOutputCap - 1) / kDefaultOutputCap * kDefaultOutputCap;
    }
    Request request;
    request.prompt_tokens = static_cast<std::int32_t>(prompt);
    request.output_tokens = static_cast<std::int32_t>(output);
    request.max_output_tokens = static_cast<std::int32_t>(oracle ? output : allowed);
    return request;
  }
};

}  // namespace braid
