#pragma once

#include "plan/step.h"

#include <cstdint>
#include <vector>

namespace braid {

/// Adds `more` behind `extents`; where it goes on in the same slots, to the last of them.
void AddExtent(std::vector<KvExtent>& extents, const KvExtent& more);

/// Takes the first `count` slots out of `from`, which has so many, and adds them behind `extents`.
/// Cost: O(extents of `from`).
void TakeFirst(std::vector<KvExtent>& from, std::int32_t count, std::vector<KvExtent>& extents);

/// Gives the next `tokens` tokens of a request slots that are kept for it (RequestState): those
/// `granted` right behind its last extent, then those `ahead`.
void Fill(std::vector<KvExtent>& extents, std::int32_t tokens, std::int32_t& granted,
          std::vector<KvExtent>& ahead);

/// Of the tokens in `extents`, the last `tokens` that are in instance `from` go to the first slots
/// of `to`; the order of tokens stays. What they leave is added to `left`.
/// Cost: O(extents); allocates.
void MoveLast(std::vector<KvExtent>& extents, std::int32_t from, std::int32_t tokens,
              std::vector<KvExtent>& to, std::vector<KvExtent>& left);

}  // namespace braid
