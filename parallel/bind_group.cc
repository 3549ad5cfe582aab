#include "parallel/bind_group.h"

#include "parallel/layout/group_mesh.h"
#include "parallel/layout/stripe.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>

namespace braid {
namespace {

/// The owner of the rows of a request that is not striped.
std::int32_t MasterOf(const Step& step, const StepRequest& request) {
  return request.master == kNoMaster ? step.instances[0] : request.master;
}

/// The stripe of `instance` in the ring of a request; no members: it has none.
Stripe StripeOf(const Step& step, const StepRequest& request, std::int32_t instance) {
  const std::span<const std::int32_t> ring = step.RingOf(request);
  const auto place = std::find(ring.begin(), ring.end(), instance);
  if (place == ring.end()) return {.members = 0};
  return {.members = static_cast<std::int32_t>(ring.size()),
          .member = static_cast<std::int32_t>(place - ring.begin())};
}

/// Writes one half of a step for one instance.
class HalfBinder {
 public:
  /// Rows `rows[i]` of request i, by offset in the step's tokens, are of this half.
  HalfBinder(const Step& step, std::span<const IndexRange> rows, Bindings* out)
      : step_(step),
        rows_(rows),
        self_(step.instances[static_cast<std::size_t>(out->ring_index)]),
        out_(*out) {}

  void Bind() {
    half_.rows.begin = out_.num_rows();
    for (std::size_t r = 0; r < step_.requests.size(); ++r) BindStriped(r);
    half_.num_striped = out_.num_rows() - half_.rows.begin;
    for (std::size_t r = 0; r < step_.requests.size(); ++r) BindMastered(r);
    half_.rows.end = out_.num_rows();
    for (std::int32_t s = 0; s < degree(); ++s) BindBlock(s);
    BindQueries();
    out_.halves.push_back(std::move(half_));
  }

 private:
  std::int32_t degree() const { return static_cast<std::int32_t>(step_.instances.size()); }

  void AddRow(const StepRequest& request, std::int32_t offset, std::int32_t kv_slot) {
    const auto num_tokens = static_cast<std::int32_t>(request.tokens.size());
    if (offset >= num_tokens - request.sampled_rows) out_.sampled_rows.push_back(out_.num_rows());
    out_.tokens.push_back(request.tokens[static_cast<std::size_t>(offset)]);
    out_.positions.push_back(request.first_position + offset);
    out_.kv_slots.push_back(kv_slot);
  }

  void BindStriped(std::size_t r) {
    const StepRequest& request = step_.requests[r];
    const Stripe stripe = StripeOf(step_, request, self_);
    if (!step_.IsStriped(request) || stripe.members == 0) return;
    const std::int32_t begin = stripe.CountBelow(rows_[r].begin);
    const std::int32_t end = stripe.CountBelow(rows_[r].end);
    if (begin == end) return;
    half_.striped.push_back({.id = request.id,
                             .first_row = out_.num_rows(),
                             .num_rows = end - begin,
                             .first_position = request.first_position + stripe.OffsetAt(begin)});
    for (std::int32_t i = begin; i < end; ++i) AddRow(request, stripe.OffsetAt(i), -1);
  }

  void BindMastered(std::size_t r) {
    const StepRequest& request = step_.requests[r];
    if (step_.IsStriped(request) || MasterOf(step_, request) != self_ || rows_[r].empty()) return;
    BoundRequest bound = {.id = request.id,
                          .first_row = out_.num_rows(),
                          .num_rows = rows_[r].size(),
                          .first_position = request.first_position + rows_[r].begin};
    std::int32_t position = 0;
    std::size_t e = 0;
    for (std::int32_t offset = rows_[r].begin; offset < rows_[r].end; ++offset) {
      while (position + request.kv[e].count <= request.first_position + offset) {
        position += request.kv[e++].count;
      }
      AddRow(request, offset,
             request.kv[e].first_slot + request.first_position + offset - position);
    }
    AddLocalExtents(request, request.first_position + rows_[r].end, &bound);
    half_.mastered.push_back(bound);
    mastered_.push_back(&request);
  }

  /// The slots of this instance that hold tokens of `request` before position `end`.
  void AddLocalExtents(const StepRequest& request, std::int32_t end, BoundRequest* bound) {
    bound->first_extent = static_cast<std::uint32_t>(out_.extents.size());
    std::int32_t position = 0;
    for (const KvExtent& extent : request.kv) {
      const std::int32_t count = std::min(extent.count, end - position);
      if (count <= 0) break;
      if (extent.instance == self_) out_.extents.push_back({extent.first_slot, count});
      position += extent.count;
    }
    bound->num_extents = static_cast<std::uint32_t>(out_.extents.size()) - bound->first_extent;
  }

  /// The block that visits at a ring step: of each striped request first what lay in its instance
  /// before this half, then its stripe of the half.
  void BindBlock(std::int32_t ring_step) {
    const GroupMesh mesh = {.instance = {}, .degree = degree()};
    const std::int32_t visitor =
        step_.instances[static_cast<std::size_t>(mesh.visitor_of(out_.ring_index, ring_step))];
    std::int32_t row = 0;
    std::size_t own = 0;
    for (std::size_t r = 0; r < step_.requests.size(); ++r) {
      const StepRequest& request = step_.requests[r];
      if (!step_.IsStriped(request) || rows_[r].empty()) continue;
      row = BindEarlier(r, visitor, {.ring_step = ring_step, .first_row = row});
      const Stripe stripe = StripeOf(step_, request, visitor);
      if (stripe.members == 0) continue;
      const std::int32_t count = stripe.Count(rows_[r].begin, rows_[r].end);
      if (count == 0) continue;
      const std::int32_t first = stripe.OffsetAt(stripe.CountBelow(rows_[r].begin));
      const BlockRun run = {.ring_step = ring_step,
                            .request = static_cast<std::uint32_t>(r),
                            .first_row = row,
                            .count = count,
                            .first_position = request.first_position + first,
                            .stride = stripe.members};
      half_.blocks.push_back(run);
      if (ring_step == 0) {
        half_.packed.push_back({row, count, -1, half_.striped[own++].first_row});
      }
      Retain(request, run);
      row += count;
    }
    half_.block_tokens.push_back(row);
  }

  /// Tokens of request `r` that lay in `visitor` before this half, from row run.first_row on.
  /// Returns the row after them.
  std::int32_t BindEarlier(std::size_t r, std::int32_t visitor, BlockRun run) {
    const StepRequest& request = step_.requests[r];
    const std::int32_t end = request.first_position + rows_[r].begin;
    std::int32_t position = 0;
    run.request = static_cast<std::uint32_t>(r);
    for (const KvExtent& extent : request.kv) {
      run.count = std::min(extent.count, end - position);
      if (run.count <= 0) break;
      run.first_position = position;
      position += extent.count;
      if (extent.instance != visitor) continue;
      half_.blocks.push_back(run);
      if (run.ring_step == 0) half_.packed.push_back({run.first_row, run.count, extent.first_slot});
      run.first_row += run.count;
    }
    return run.first_row;
  }

  /// What of a run of new tokens stays in this instance.
  void Retain(const StepRequest& request, const BlockRun& run) {
    std::int32_t position = 0;
    for (const KvExtent& extent : request.kv) {
      const std::int32_t begin = position;
      position += extent.count;
      if (extent.instance != self_) continue;
      const auto index_of = [&run](std::int32_t at) {
        const std::int32_t ahead = at - run.first_position;
        return ahead <= 0 ? 0 : std::min((ahead + run.stride - 1) / run.stride, run.count);
      };
      const std::int32_t first = index_of(begin);
      const std::int32_t count = index_of(position) - first;
      if (count <= 0) continue;
      half_.retained.push_back(
          {.ring_step = run.ring_step,
           .first_row = run.first_row + first,
           .count = count,
           .first_slot = extent.first_slot + run.first_position + first * run.stride - begin,
           .slot_stride = run.stride});
    }
  }

  /// Whether `instance` attends for a request that another one is the master of.
  bool Attends(const StepRequest& request, std::int32_t instance) const {
    if (step_.IsStriped(request) || MasterOf(step_, request) == instance) return false;
    if (step_.queries_to_all) return true;
    return std::any_of(request.kv.begin(), request.kv.end(),
                       [&](const KvExtent& extent) { return extent.instance == instance; });
  }

  void BindQueries() {
    const auto places = static_cast<std::size_t>(degree());
    half_.queries_to.assign(places, 0);
    half_.queries_from.assign(places, 0);
    for (std::size_t p = 0; p < places; ++p) {
      const std::int32_t peer = step_.instances[p];
      if (peer == self_) continue;
      for (std::size_t m = 0; m < half_.mastered.size(); ++m) {
        const BoundRequest& mine = half_.mastered[m];
        if (!Attends(*mastered_[m], peer)) continue;
        half_.queries.push_back({static_cast<std::int32_t>(p), mine.first_row, mine.num_rows});
        half_.queries_to[p] += mine.num_rows;
      }
      for (std::size_t r = 0; r < step_.requests.size(); ++r) {
        const StepRequest& request = step_.requests[r];
        if (rows_[r].empty() || MasterOf(step_, request) != peer) continue;
        if (!Attends(request, self_)) continue;
        BoundRequest bound = {
            .id = request.id,
            .first_row = std::accumulate(half_.queries_from.begin(), half_.queries_from.end(), 0),
            .num_rows = rows_[r].size(),
            .first_position = request.first_position + rows_[r].begin};
        AddLocalExtents(request, request.first_position, &bound);
        half_.peers.push_back(bound);
        half_.queries_from[p] += rows_[r].size();
      }
    }
  }

  const Step& step_;
  std::span<const IndexRange> rows_;
  std::int32_t self_;
  Bindings& out_;
  BoundHalf half_;
  std::vector<const StepRequest*> mastered_;  // parallel to half_.mastered
};

void BindMoves(const Step& step, Bindings* out) {
  const std::int32_t self = step.instances[static_cast<std::size_t>(out->ring_index)];
  out->moved_tokens.assign(step.instances.size(), 0);
  for (const KvMove& move : step.moves) {
    if (move.from.instance != self && move.to.instance != self) continue;
    const bool sends = move.from.instance == self;
    const std::int32_t peer = step.RingIndex((sends ? move.to : move.from).instance);
    const KvExtent& local = sends ? move.from : move.to;
    out->moves.push_back({peer, local.first_slot, local.count});
    out->moved_tokens[static_cast<std::size_t>(peer)] += local.count;
  }
}

}  // namespace

std::vector<std::int32_t> FirstHalfRows(const Step& step) {
  std::vector<std::int32_t> first;
  if (step.overlap != OverlapMode::kTokenSplit) {
    for (const StepRequest& request : step.requests) {
      first.push_back(static_cast<std::int32_t>(request.tokens.size()));
    }
    return first;
  }
  // One budget for all striped rows, one for each master's: half of them, rounded up.
  constexpr std::int32_t kStriped = -1;
  const auto owner = [&step](const StepRequest& request) {
    return step.IsStriped(request) ? kStriped : MasterOf(step, request);
  };
  std::map<std::int32_t, std::int32_t> budget;
  for (const StepRequest& request : step.requests) {
    budget[owner(request)] += static_cast<std::int32_t>(request.tokens.size());
  }
  for (auto& entry : budget) entry.second = (entry.second + 1) / 2;
  for (const StepRequest& request : step.requests) {
    std::int32_t& left = budget[owner(request)];
    first.push_back(std::min(left, static_cast<std::int32_t>(request.tokens.size())));
    left -= first.back();
  }
  return first;
}

Bindings BindGroup(const Step& step, std::int32_t ring_index) {
  Bindings bound;
  bound.step = step.number;
  bound.slot = step.slot;
  bound.priority = step.priority;
  bound.ring_index = ring_index;
  if (step.is_move()) {
    BindMoves(step, &bound);
    return bound;
  }
  const std::vector<std::int32_t> first = FirstHalfRows(step);
  std::vector<IndexRange> rows;
  for (const std::int32_t count : first) rows.push_back({0, count});
  HalfBinder(step, rows, &bound).Bind();
  if (step.overlap != OverlapMode::kTokenSplit) return bound;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r] = {first[r], static_cast<std::int32_t>(step.requests[r].tokens.size())};
  }
  HalfBinder(step, rows, &bound).Bind();
  return bound;
}

}  // namespace braid
