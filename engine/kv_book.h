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
/// Slots are drawn when a step is issued, so that ranks know them and no two steps have the same:
/// the request holds them until the step ends, then those that the step filled become its own.
/// A request that grows draws more than its step needs, so that growing by a token costs no search
/// and its extents stay few; what is kept so is given back before anybody is refused. Ranges of
/// slots may be shared by several owners (equal prefixes): the slots are free when the last owner
/// lets go. Thread: one.
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

  /// Draws slots for the next tokens of `request`, which must have been reserved; several shares in
  /// token order. `live` are the requests that may keep more than they hold.
  void HoldNext(RequestState& request, const KvShare& share, std::span<RequestState> live) {
    // A run that goes on where the last one ended: nearly every pass.
    if (request.granted - request.held >= share.tokens && request.ahead.empty() &&
        request.granted > 0 && request.extents.back().instance == share.instance) {
      request.held += share.tokens;
    } else {
      HoldMore(request, share, live);
    }
  }
  /// Draws slots in `share.instance` for tokens that `request` has elsewhere.
  void HoldForMove(RequestState& request, const KvShare& share, std::span<RequestState> live);
  /// The first slots that `request` holds, all in `share.instance`, get its next tokens.
  void Append(RequestState& request, const KvShare& share);
  /// The last `share.tokens` tokens that `request` has in `from` go to the first slots that it
  /// holds, all in `share.instance`.
  void Move(RequestState& request, std::int32_t from, const KvShare& share);
  /// The step of `request` ended: others may take what it held and has not filled.
  static void LetGo(RequestState& request) { request.held = 0; }
  /// Frees all slots of `request`.
  void Drop(RequestState& request);

  /// Makes `request` an owner of the same slots for the first `tokens` tokens of `other`.
  void Share(RequestState& request, const RequestState& other, std::int32_t tokens);

  /// Slots that hold tokens, over all instances.
  std::int64_t used() const { return used_; }

 private:
  void GiveExtent(const KvExtent& extent);
  void GiveSlots(std::int32_t instance, SlotRanges::Range range);
  void ReturnSpare(RequestState& request);
  void HoldMore(RequestState& request, const KvShare& share, std::span<RequestState> live);
  void HoldElsewhere(RequestState& request, const KvShare& share, std::int32_t further,
                     std::span<RequestState> live);
  KvExtent TakeSlots(std::int32_t instance, std::int32_t tokens, std::span<RequestState> live);

  std::vector<InstanceState> instances_;
  std::vector<SlotRanges> free_;
  /// Extra owners of a slot range, by instance: first slot -> {count, owners beyond the first}.
  struct SharedRange {
    std::int32_t count = 0;
    std::int32_t extra_owners = 0;
  };
  std::vector<std::map<std::int32_t, SharedRange>> shared_;
  std::vector<KvExtent> left_;  ///< scratch
  std::int64_t used_ = 0;
};

}  // namespace braid
