#pragma once

#include "engine/slot_ranges.h"
#include "plan/engine_view.h"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace braid {

/// Who owns which KV slot: one pool of token-sized slots per instance, extents per request.
///
/// A request that grows takes slots in runs ("granted" slots behind its last extent), so that
/// growing by a token costs no search and its extents stay few; unused grants are given back before
/// anybody is refused. Ranges of slots may be shared by several owners (equal prefixes): the slots
/// are free when the last owner lets go.
/// Thread: one.
class KvBook {
 public:
  KvBook(std::int32_t num_instances, std::int64_t slots_per_instance);

  std::span<const InstanceState> instances() const { return instances_; }
  InstanceState& instance(std::int32_t index) {
    return instances_[static_cast<std::size_t>(index)];
  }

  /// Promises slots to a running step; false, and nothing happens, where they are not there.
  bool Reserve(std::span<const KvShare> shares);
  void Release(std::span<const KvShare> shares);

  /// Gives `request` slots for its next `tokens` tokens in `instance`, which must have been
  /// reserved. `live` are the requests whose unused grants may be taken back.
  void Append(RequestState& request, std::int32_t instance, std::int32_t tokens,
              std::span<RequestState> live);
  /// Moves the last `tokens` tokens that `request` has in `from` to `to`; slots in `to` must have
  /// been reserved.
  void Move(RequestState& request, std::int32_t from, std::int32_t to, std::int32_t tokens,
            std::span<RequestState> live);
  /// Frees all slots of `request`.
  void Drop(RequestState& request);

  /// Makes `request` an owner of the same slots for the first `tokens` tokens of `other`.
  void Share(RequestState& request, const RequestState& other, std::int32_t tokens);

  /// Slots that hold tokens, over all instances.
  std::int64_t used() const { return used_; }

 private:
  void GiveExtent(const KvExtent& extent);
  void GiveSlots(std::int32_t instance, SlotRanges::Range range);
  void ReturnGrant(RequestState& request);
  std::int32_t TakeSlots(std::int32_t instance, std::int32_t tokens, KvExtent& extent,
                         std::span<RequestState> live);

  std::vector<InstanceState> instances_;
  std::vector<SlotRanges> free_;
  /// Extra owners of a slot range, by instance: first slot -> {count, owners beyond the first}.
  struct SharedRange {
    std::int32_t count = 0;
    std::int32_t extra_owners = 0;
  };
  std::vector<std::map<std::int32_t, SharedRange>> shared_;
  std::int64_t used_ = 0;
};

}  // namespace braid
