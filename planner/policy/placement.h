#pragma once

#include "plan/engine_view.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// Free KV slots of the instances of a group while a step is being planned.
struct FreeSlots {
  std::int32_t instance = 0;
  std::int64_t slots = 0;
};

/// Spreads the next `tokens` tokens of a request evenly over `group`, as a ring leaves them, as far
/// as slots allow; appends to `shares` and takes the slots. False where they do not fit.
bool SpreadEvenly(std::int64_t tokens, std::span<FreeSlots> group, std::vector<KvShare>& shares);

/// Puts them into as few instances as possible, in the order of `group`; leaves `headroom` slots
/// free in each instance where that does not need another one.
/// Source: LoongServe, arXiv:2404.09526, section 5.4 (proactive scale-down), without headroom.
bool PackTightly(std::int64_t tokens, std::int64_t headroom, std::span<FreeSlots> group,
                 std::vector<KvShare>& shares);

}  // namespace braid
