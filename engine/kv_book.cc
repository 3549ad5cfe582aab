#include "engine/kv_book.h"

#include "base/status.h"

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

void KvBook::ReturnGrant(RequestState& request) {
  if (request.granted == 0) return;
  const KvExtent& last = request.extents.back();
  free_[At(last.instance)].Give({last.first_slot + last.count, request.granted});
  request.granted = 0;
}

std::int32_t KvBook::TakeSlots(std::int32_t index, std::int32_t tokens, KvExtent& extent,
                               std::span<RequestState> live) {
  SlotRanges& free = free_[At(index)];
  if (free.num_free() == 0) {
    // All free slots are grants that nobody uses yet: token granularity comes before few extents.
    for (RequestState& other : live) {
      if (other.granted > 0 && other.extents.back().instance == index) ReturnGrant(other);
    }
  }
  const SlotRanges::Range range = free.Take(tokens);
  BRAID_CHECK(range.count > 0);
  extent = {.instance = index, .first_slot = range.first, .count = range.count};
  return range.count;
}

void KvBook::Append(RequestState& request, std::int32_t index, std::int32_t tokens,
                    std::span<RequestState> live) {
  if (tokens <= 0) return;
  CountOwner(request, index, tokens);
  instance(index).used += tokens;
  used_ += tokens;
  const bool grows = request.phase == Phase::kDecode;
  if (!request.extents.empty() && request.extents.back().instance == index) {
    KvExtent& last = request.extents.back();
    if (request.granted < tokens) {
      const std::int32_t wanted = tokens - request.granted + (grows ? kGrantTokens : 0);
      request.granted +=
          free_[At(index)].TakeAt(last.first_slot + last.count + request.granted, wanted);
    }
    const std::int32_t taken = std::min(request.granted, tokens);
    last.count += taken;
    request.granted -= taken;
    tokens -= taken;
  }
  if (tokens == 0) return;
  ReturnGrant(request);
  while (tokens > 0) {
    KvExtent extent;
    const std::int32_t taken = TakeSlots(index, tokens + (grows ? kGrantTokens : 0), extent, live);
    const std::int32_t used = std::min(taken, tokens);
    extent.count = used;
    request.extents.push_back(extent);
    request.granted = taken - used;
    tokens -= used;
  }
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
  ReturnGrant(request);
  for (const KvExtent& extent : request.extents) GiveExtent(extent);
  request.extents.clear();
  request.owners.clear();
}

void KvBook::Move(RequestState& request, std::int32_t from, std::int32_t to, std::int32_t tokens,
                  std::span<RequestState> live) {
  ReturnGrant(request);
  std::vector<KvExtent> extents;
  // From the tail: the order of tokens stays, so the moved part of an extent is its end.
  std::int32_t left = tokens;
  std::vector<std::int32_t> moved(request.extents.size());
  for (std::size_t i = request.extents.size(); i-- > 0 && left > 0;) {
    if (request.extents[i].instance != from) continue;
    moved[i] = std::min(left, request.extents[i].count);
    left -= moved[i];
  }
  BRAID_CHECK(left == 0);
  for (std::size_t i = 0; i < request.extents.size(); ++i) {
    KvExtent extent = request.extents[i];
    extent.count -= moved[i];
    if (extent.count > 0) extents.push_back(extent);
    for (std::int32_t open = moved[i]; open > 0;) {
      KvExtent target;
      open -= TakeSlots(to, open, target, live);
      extents.push_back(target);
    }
    if (moved[i] > 0) {
      GiveExtent({extent.instance, extent.first_slot + extent.count, moved[i]});
    }
  }
  request.extents = std::move(extents);
  CountOwner(request, from, -tokens);
  CountOwner(request, to, tokens);
  instance(to).used += tokens;
  used_ += tokens;
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
