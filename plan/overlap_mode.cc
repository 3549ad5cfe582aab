#include "plan/overlap_mode.h"

#include <array>

namespace braid {

std::string_view OverlapModeName(OverlapMode mode) {
  constexpr std::array<std::string_view, kNumOverlapModes> kNames = {"none", "liger", "lanes",
                                                                     "token-split"};
  return kNames[static_cast<std::size_t>(mode)];
}

}  // namespace braid
