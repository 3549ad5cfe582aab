#include "engine/kv_book.h"

#include "base/status.h"
#include "engine/extents.h"

#include <algorithm>
#include <iterator>

namespace braid {
namespace {

/// How many slots a growing request takes at a time.
constexpr std::int32_t kGrantTokens = 64;

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

/// Cuts `ranges` so that none straddles `slot`.
template <typename Ranges>
void SplitAt(Ranges& ranges, std::int32_t slot) {
  auto range = ranges.upper_bound(slot);
  if (range == ranges.begin()) return;
  --range;
  const std::int32_t before = slot - range->first;
  if (before <= 0 || before >= range->second.count) return;
  auto rest = range->second;
  rest.count -= before;
  range->second.count = before;
  ranges.emplace(slot, rest);
}

void CountOwner(RequestState& request, std::int32_t instance, std::int32_t tokens) {
  for (auto owner = request.owners.begin(); owner != request.owners.end(); ++owner) {
    if (owner->instance != instance) continue;
    owner->tokens += tokens;
    if (owner->tokens == 0) request.owners.erase(owner);
    return;
  }
  if (tokens != 0) request.owners.push_back({.instance = instance, .tokens = tokens});
}

/// Where the slots that are kept for `request` end; in no instance where it has none at all.
KvExtent EndOfKept(const RequestState& request) {
  if (request.ahead.empty() && request.extents.empty()) return {.instance = -1};
  const KvExtent& last = request.ahead.empty() ? request.extents.back() : request.ahead.back();
  const std::int32_t behind = request.ahead.empty() ? request.granted : 0;
  return {.instance = last.instance, .first_slot = last.first_slot + last.count + behind};
}

/// Slots that are kept for `request` though its step does not need them.
std::int32_t Spare(const RequestState& request) {
  std::int32_t kept = request.granted;
  for (const KvExtent& extent : request.ahead) kept += extent.count;
  return kept - request.held;
}

}  // namespace

KvBook::KvBook(std::int32_t num_instances, std::int64_t slots_per_instance)
    : instances_(At(num_instances)),
      free_(At(num_instances), SlotRanges(static_cast<std::int32_t>(slots_per_instance))),
      shared_(At(num_instances)) {
  for (InstanceState& state : instances_) state.capacity = slots_per_instance;
}

bool KvBook::Reserve(std::span<const KvShare> shares) {
  for (std::size_t i = 0; i < shares.size(); ++i) {
    InstanceState& state = instance(shares[i].instance);
    if (state.free() < shares[i].tokens) {
      Release(shares.first(i));
      return false;
    }
    state.reserved += shares[i].tokens;
  }
  return true;
}

void KvBook::Release(std::span<const KvShare> shares) {
  for (const KvShare& share : shares) instance(share.instance).reserved -= share.tokens;
}

void KvBook::ReturnSpare(RequestState& request) {
  std::int32_t spare = Spare(request);
  while (spare > 0 && !request.ahead.empty()) {
    KvExtent& last = request.ahead.back();
    const std::int32_t count = std::min(spare, last.count);
    last.count -= count;
    spare -= count;
    free_[At(last.instance)].Give({last.first_slot + last.count, count});
    if (last.count == 0) request.ahead.pop_back();
  }
  if (spare == 0) return;
  const KvExtent& last = request.extents.back();
  request.granted -= spare;
  free_[At(last.instance)].Give({last.first_slot + last.count + request.granted, spare});
}

KvExtent KvBook::TakeSlots(std::int32_t index, std::int32_t tokens, std::span<RequestState> live) {
  SlotRanges& free = free_[At(index)];
  if (free.num_free() == 0) {
    // All free slots are kept for somebody who does not need them yet: token granularity comes
    // before few extents.
    for (RequestState& other : live) {
      if (EndOfKept(other).instance == index) ReturnSpare(other);
    }
  }
  const SlotRanges::Range range = free.Take(tokens);
  BRAID_CHECK(range.count > 0);
  return {.instance = index, .first_slot = range.first, .count = range.count};
}

void KvBook::HoldMore(RequestState& request, const KvShare& share, std::span<RequestState> live) {
  if (share.tokens <= 0) return;
  const std::int32_t further = request.phase == Phase::kDecode ? kGrantTokens : 0;
  const KvExtent end = EndOfKept(request);
  std::int32_t spare = Spare(request);
  if (end.instance != share.instance) {
    ReturnSpare(request);
    spare = 0;
  } else if (spare < share.tokens) {
    const std::int32_t more =
        free_[At(end.instance)].TakeAt(end.first_slot, share.tokens - spare + further);
    (request.ahead.empty() ? request.granted : request.ahead.back().count) += more;
    spare += more;
  }
  // What it has is promised before others are asked for theirs.
  const std::int32_t wanted = share.tokens - spare;
  request.held += std::min(share.tokens, spare);
  if (wanted > 0) HoldElsewhere(request, {share.instance, wanted}, further, live);
}

/// Wherever there is room, and up to `further` slots more.
void KvBook::HoldElsewhere(RequestState& request, const KvShare& share, std::int32_t further,
                           std::span<RequestState> live) {
  for (std::int32_t left = share.tokens; left > 0;) {
    const KvExtent extent = TakeSlots(share.instance, left + further, live);
    AddExtent(request.ahead, extent);
    const std::int32_t needed = std::min(extent.count, left);
    request.held += needed;
    left -= needed;
  }
}

void KvBook::HoldForMove(RequestState& request, const KvShare& share,
                         std::span<RequestState> live) {
  // Not behind the last extent: what is last changes with the move.
  ReturnSpare(request);
  HoldElsewhere(request, share, 0, live);
}

void KvBook::Append(RequestState& request, const KvShare& share) {
  if (share.tokens <= 0) return;
  CountOwner(request, share.instance, share.tokens);
  instance(share.instance).used += share.tokens;
  used_ += share.tokens;
  request.held -= share.tokens;
  if (request.granted >= share.tokens) {
    request.granted -= share.tokens;
    request.extents.back().count += share.tokens;
  } else {
    Fill(request.extents, share.tokens, request.granted, request.ahead);
  }
}

void KvBook::Move(RequestState& request, std::int32_t from, const KvShare& share) {
  left_.clear();
  MoveLast(request.extents, from, share.tokens, request.ahead, left_);
  request.held -= share.tokens;
  for (const KvExtent& extent : left_) GiveExtent(extent);
  CountOwner(request, from, -share.tokens);
  CountOwner(request, share.instance, share.tokens);
  instance(share.instance).used += share.tokens;
  used_ += share.tokens;
}

void KvBook::GiveSlots(std::int32_t index, SlotRanges::Range range) {
  if (range.count <= 0) return;
  free_[At(index)].Give(range);
  instance(index).used -= range.count;
  used_ -= range.count;
}

void KvBook::GiveExtent(const KvExtent& extent) {
  auto& shared = shared_[At(extent.instance)];
  const std::int32_t end = extent.first_slot + extent.count;
  std::int32_t slot = extent.first_slot;
  if (!shared.empty()) {
    SplitAt(shared, slot);
    SplitAt(shared, end);
    for (auto range = shared.lower_bound(slot); range != shared.end() && range->first < end;) {
      GiveSlots(extent.instance, {slot, range->first - slot});
      slot = range->first + range->second.count;
      range = --range->second.extra_owners == 0 ? shared.erase(range) : std::next(range);
    }
  }
  GiveSlots(extent.instance, {slot, end - slot});
}

void KvBook::Drop(RequestState& request) {
  request.held = 0;
  ReturnSpare(request);
  for (const KvExtent& extent : request.extents) GiveExtent(extent);
  request.extents.clear();
  request.owners.clear();
}

void KvBook::Share(RequestState& request, const RequestState& other, std::int32_t tokens) {
  BRAID_CHECK(request.extents.empty() && tokens <= other.kv_tokens);
  for (const KvExtent& extent : other.extents) {
    if (tokens == 0) break;
    const KvExtent part = {extent.instance, extent.first_slot, std::min(extent.count, tokens)};
    auto& shared = shared_[At(part.instance)];
    SplitAt(shared, part.first_slot);
    SplitAt(shared, part.first_slot + part.count);
    std::int32_t slot = part.first_slot;
    const std::int32_t end = slot + part.count;
    for (auto range = shared.lower_bound(slot); range != shared.end() && range->first < end;
         ++range) {
      if (slot < range->first) {
        shared.emplace(slot, SharedRange{.count = range->first - slot, .extra_owners = 1});
      }
      ++range->second.extra_owners;
      slot = range->first + range->second.count;
    }
    if (slot < end) shared.emplace(slot, SharedRange{.count = end - slot, .extra_owners = 1});
    request.extents.push_back(part);
    tokens -= part.count;
    // Each owner counts them, the instance once: the slots are the same.
    CountOwner(request, part.instance, part.count);
  }
}

}  // namespace braid
