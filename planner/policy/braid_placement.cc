#include "planner/policy/braid.h"

#include <algorithm>
#include <numeric>

namespace braid {
namespace {

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

}  // namespace

/// Slots that a request will want: its context and, with headroom, what it is expected to produce.
std::int64_t BraidPolicy::Need(const EngineView& view, const RequestState& state) const {
  const std::int64_t now = std::max(state.prefill_target, state.kv_tokens) + 1;
  const std::int64_t later = now + (options_.headroom ? lengths_.Left(state) : 0);
  return std::max(now, std::min(later, Capacity(view)));
}

std::int64_t BraidPolicy::Capacity(const EngineView& view) {
  std::int64_t capacity = 0;
  for (const InstanceState& instance : view.instances) capacity += instance.capacity;
  return capacity;
}

std::int64_t BraidPolicy::DecodePassNs(std::int64_t rows, std::int64_t context) const {
  StepSizes sizes;
  sizes[Size::kRows] = rows;
  sizes[Size::kSampledRows] = rows;
  sizes[Size::kDecodeContext] = context;
  return costs_.StepNs({.degree = 1, .decode = true}, sizes);
}

/// The decode degree of a request: over how many instances its KV must lie for its passes, alone,
/// to keep the TPOT limit with something to spare for others. One where no number does.
std::int32_t BraidPolicy::FewestHomes(std::int64_t need) const {
  if (!options_.decode_degree) return 1;
  const double limit =
      options_.degree_share * options_.pace * static_cast<double>(options_.tpot_ns);
  for (std::int32_t homes = 1; homes <= cluster_.instances_per_node(); ++homes) {
    if (static_cast<double>(DecodePassNs(1, need / homes)) <= limit) return homes;
  }
  return 1;
}

void BraidPolicy::Promise(RequestIndex request, std::vector<KvShare> home) {
  for (const KvShare& share : home) at(share.instance).promised += share.tokens;
  task(request).home = std::move(home);
}

/// Whether as many decode here as may together.
bool BraidPolicy::BatchFull(std::int32_t instance) const {
  const std::int32_t index = instances_[At(instance)].component;
  return index != kNoIndex && components_[At(index)].decoding.size() >= At(options_.max_batch);
}

/// While long prompts want the ranks, a decode that starts elsewhere would read all weights once
/// more a pass: the fullest instance takes it whose passes and express queue leave room.
/// kNoIndex: none.
std::int32_t BraidPolicy::PackedHome(const EngineView& view, std::int64_t need) const {
  std::int32_t best = kNoIndex;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    const Instance& candidate = instances_[At(i)];
    if (candidate.component == kNoIndex) continue;
    if (view.instance(i).capacity - candidate.promised < need) continue;
    if (candidate.express_queue_ns > options_.express_ns || BatchFull(i)) continue;
    const Component& group = components_[At(candidate.component)];
    const std::int64_t pass_ns =
        DecodePassNs(static_cast<std::int64_t>(group.decoding.size()) + 1, group.context + need);
    if (static_cast<double>(pass_ns) >
        options_.pack_share * options_.pace * static_cast<double>(options_.tpot_ns)) {
      continue;
    }
    if (best == kNoIndex || candidate.promised > instances_[At(best)].promised) best = i;
  }
  return best;
}

/// One instance where one has room: of those the one with the least to do, then the emptiest. Else
/// as few as hold it, emptiest first.
bool BraidPolicy::ChooseHome(const EngineView& view, RequestIndex request, bool bulk_free_only) {
  // Who is to be in one instance gets no more than that, however long outputs have become.
  const std::int64_t need =
      bulk_free_only ? Need(view, view.request(request))
                     : std::min(Need(view, view.request(request)), view.instance(0).capacity);
  if (options_.packing && !bulk_free_only && !(bulk_.empty() && in_chunk_.empty())) {
    const std::int32_t packed = PackedHome(view, need);
    if (packed != kNoIndex) {
      Promise(request, {{.instance = packed, .tokens = static_cast<std::int32_t>(need)}});
      return true;
    }
  }
  const std::int32_t fewest = bulk_free_only ? FewestHomes(need) : 1;
  std::int32_t best = kNoIndex;
  std::int64_t best_load = 0;
  std::int64_t best_promised = 0;
  for (std::int32_t i = 0; fewest == 1 && i < static_cast<std::int32_t>(instances_.size()); ++i) {
    const Instance& candidate = instances_[At(i)];
    if ((bulk_free_only && !BulkFree(i)) || BatchFull(i)) continue;
    if (view.instance(i).capacity - candidate.promised < need) continue;
    const std::int64_t load =
        candidate.express_queue_ns + (candidate.express != kNoIndex ? options_.express_ns : 0);
    if (best == kNoIndex || load < best_load ||
        (load == best_load && candidate.promised < best_promised)) {
      best = i;
      best_load = load;
      best_promised = candidate.promised;
    }
  }
  if (best != kNoIndex) {
    Promise(request, {{.instance = best, .tokens = static_cast<std::int32_t>(need)}});
    return true;
  }
  if (!bulk_free_only) return false;
  std::vector<std::int32_t> order;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instances_.size()); ++i) {
    if (BulkFree(i)) order.push_back(i);
  }
  const auto room = [&](std::int32_t i) {
    return std::max<std::int64_t>(0, view.instance(i).capacity - instances_[At(i)].promised);
  };
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return room(a) != room(b) ? room(a) > room(b) : a < b;
  });
  if (static_cast<std::int32_t>(order.size()) < fewest) return false;
  std::vector<KvShare> home;
  std::int64_t left = need;
  std::int32_t open = fewest;
  for (const std::int32_t i : order) {
    if (left == 0) break;
    const std::int64_t even = open > 0 ? (left + open - 1) / open : left;
    --open;
    const std::int64_t part = std::min(even, room(i));
    if (part == 0) break;
    home.push_back({.instance = i, .tokens = static_cast<std::int32_t>(part)});
    left -= part;
  }
  if (left > 0) return false;
  Promise(request, std::move(home));
  return true;
}

}  // namespace braid
