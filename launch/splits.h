#pragma once

#include "base/status.h"
#include "parallel/layout/mesh.h"
#include "plan/model_spec.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// Each tp alone, each pp alone, then each tp with each pp.
std::vector<Mesh> SplitsOf(const std::vector<std::int32_t>& tp,
                           const std::vector<std::int32_t>& pp);

/// "one rank", "tp 2", "pp 2", "tp 2 x pp 2".
std::string SplitName(const Mesh& mesh);

/// Errors: InvalidArgument naming the first split that cuts more parts than the model has.
Status CheckSplits(const ModelSpec& spec, const std::vector<Mesh>& splits);

}  // namespace braid
