#pragma once

#include <cstdint>
#include <string_view>

namespace braid {

/// How the tasks of a step may overlap with others on the same ranks.
enum class OverlapMode : std::uint8_t {
  kNone,        ///< one step at a time
  kLiger,       ///< rounds: others fill what the primary leaves, products cut to fit
  kLanes,       ///< each lane takes the oldest ready task, in bounded pieces
  kTokenSplit,  ///< the step's own rows in two halves, one computes while one communicates
};
inline constexpr int kNumOverlapModes = static_cast<int>(OverlapMode::kTokenSplit) + 1;

std::string_view OverlapModeName(OverlapMode mode);

}  // namespace braid
