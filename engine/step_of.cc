#include "engine/engine.h"
#include "engine/extents.h"

#include <algorithm>

namespace braid {
namespace {

/// What changed its instance between two lists of extents of the same tokens.
void AddMoves(std::uint64_t request, const std::vector<KvExtent>& before,
              const std::vector<KvExtent>& after, std::vector<KvMove>& moves) {
  std::size_t to = 0;
  std::int32_t to_used = 0;
  for (const KvExtent& from : before) {
    for (std::int32_t used = 0; used < from.count;) {
      const std::int32_t count = std::min(from.count - used, after[to].count - to_used);
      const KvExtent source = {from.instance, from.first_slot + used, count};
      const KvExtent target = {after[to].instance, after[to].first_slot + to_used, count};
      if (source.instance != target.instance) {
        moves.push_back({.request = request, .from = source, .to = target});
      }
      used += count;
      to_used += count;
      if (to_used == after[to].count) {
        ++to;
        to_used = 0;
      }
    }
  }
}

}  // namespace

Step Engine::StepOf(StepIndex index) const {
  const RunningStep& running = steps_[static_cast<std::size_t>(index)];
  const StepPlan& plan = running.plan;
  Step step;
  step.number = running.number;
  step.instances = plan.instances;
  step.slot = running.strand;
  step.priority = plan.priority;
  step.overlap = plan.overlap;
  step.predicted_ns = plan.predicted_ns;
  step.exchange_in_turn = plan.exchange_in_turn;
  step.queries_to_all = plan.queries_to_all;
  std::vector<KvExtent> ahead;
  std::vector<KvExtent> left;
  for (const PlannedRequest& planned : plan.requests) {
    const RequestState& state = requests_[static_cast<std::size_t>(planned.request)];
    ahead = state.ahead;
    if (IsSwap(plan, planned)) continue;  // ranks have no host tier yet
    if (plan.move) {
      std::vector<KvExtent> after = state.extents;
      for (std::uint32_t i = 0; i < planned.num_shares; ++i) {
        const KvShare& share = plan.shares[planned.first_share + i];
        MoveLast(after, planned.master, share.tokens, ahead, left);
      }
      AddMoves(state.request.id, state.extents, after, step.moves);
      continue;
    }
    StepRequest request;
    request.id = state.request.id;
    request.first_position = state.kv_tokens;
    const std::int32_t rows = planned.decode ? 1 : planned.rows;
    request.tokens.resize(static_cast<std::size_t>(rows));
    request.sampled_rows = planned.decode || planned.rows == state.prefill_left() ? 1 : 0;
    if (planned.decode) request.master = planned.master;
    const auto ring = plan.instances.begin() + planned.first_member;
    request.ring.assign(ring, ring + planned.num_members);
    request.kv = state.extents;
    std::int32_t granted = state.granted;
    Fill(request.kv, rows, granted, ahead);
    step.requests.push_back(std::move(request));
  }
  if (plan.move) {
    // Ranks get the instances that KV leaves before those that get it.
    std::stable_partition(step.instances.begin(), step.instances.end(), [&](std::int32_t instance) {
      return std::any_of(step.moves.begin(), step.moves.end(),
                         [&](const KvMove& move) { return move.from.instance == instance; });
    });
  }
  return step;
}

}  // namespace braid
