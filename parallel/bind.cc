#include "parallel/bind.h"

#include "base/status.h"

namespace braid {

Bindings Bind(const Step& step, std::int32_t instance) {
  Bindings bound;
  bound.step = step.number;
  bound.slot = step.slot;
  bound.priority = step.priority;
  for (const StepRequest& request : step.requests) {
    const auto num_rows = static_cast<std::int32_t>(request.tokens.size());
    const std::int32_t first_row = bound.num_rows();
    BoundRequest& to = bound.requests.emplace_back();
    to.id = request.id;
    to.first_row = first_row;
    to.num_rows = num_rows;
    to.first_position = request.first_position;
    to.first_extent = static_cast<std::uint32_t>(bound.extents.size());
    to.num_extents = static_cast<std::uint32_t>(request.kv.size());
    bound.tokens.insert(bound.tokens.end(), request.tokens.begin(), request.tokens.end());
    for (std::int32_t i = 0; i < num_rows; ++i) {
      bound.positions.push_back(request.first_position + i);
    }
    for (std::int32_t i = num_rows - request.sampled_rows; i < num_rows; ++i) {
      bound.sampled_rows.push_back(first_row + i);
    }
    std::int32_t position = 0;
    for (const KvExtent& extent : request.kv) {
      BRAID_CHECK(extent.instance == instance);
      bound.extents.push_back({extent.first_slot, extent.count});
      for (std::int32_t i = 0; i < extent.count; ++i, ++position) {
        if (position >= request.first_position) bound.kv_slots.push_back(extent.first_slot + i);
      }
    }
  }
  return bound;
}

}  // namespace braid
