#pragma once

#include "plan/overlap_mode.h"

#include <cstdint>
#include <vector>

namespace braid {

/// Place of a request or a step in the engine's tables; reused after it ended.
using RequestIndex = std::int32_t;
using StepIndex = std::int32_t;
inline constexpr std::int32_t kNoIndex = -1;

/// In place of an instance in a move: the host's memory. All KV of a request goes there or comes
/// back at once (swap).
inline constexpr std::int32_t kHostMemory = -1;

/// `tokens` consecutive tokens of a request whose KV stays in one instance.
struct KvShare {
  std::int32_t instance = 0;
  std::int32_t tokens = 0;

  bool operator==(const KvShare&) const = default;
};

/// What a step does with one request.
struct PlannedRequest {
  RequestIndex request = kNoIndex;
  /// Prefill: the chunk's tokens. Decode: 1. Move: how many of the request's tokens in `master` go.
  std::int32_t rows = 1;
  bool decode = false;
  /// Decode: the instance that owns the new tokens. Move: the instance that the tokens leave.
  std::int32_t master = 0;
  /// Prefill: where the chunk's KV stays, in token order. Move: where the tokens go. Decode: none.
  std::uint32_t first_share = 0;  ///< index into StepPlan::shares
  std::uint32_t num_shares = 0;
  /// Prefill: the instances of its ring, StepPlan::instances[first_member ..]; 0: the whole group.
  std::uint32_t first_member = 0;
  std::uint32_t num_members = 0;

  bool operator==(const PlannedRequest&) const = default;
};

/// What a planner decides: one forward pass of one group (or a run of equal decode passes), or one
/// move of KV. The engine turns it into numbered steps with slots; lengths are all it says of the
/// text. Thread: a value; reuse its buffers.
struct StepPlan {
  std::vector<std::int32_t> instances;  ///< the group
  std::vector<PlannedRequest> requests;
  std::vector<KvShare> shares;
  OverlapMode overlap = OverlapMode::kNone;
  std::int32_t priority = 0;  ///< higher goes first where strands share a rank
  /// Decode steps may repeat until a request ends, memory is short, or the planner stops them.
  std::int32_t max_repeats = 1;
  /// Passes of a repeated step start at least this far apart: what shares its ranks gets the rest.
  std::int64_t period_ns = 0;
  bool move = false;
  /// No message under attention: the order of LoongServe's released code.
  bool exchange_in_turn = false;
  /// Queries of decode rows go to every instance of the group, not only to owners of their KV.
  bool queries_to_all = false;
  std::int64_t predicted_ns = 0;  ///< of one pass

  void Clear() {
    instances.clear();
    requests.clear();
    shares.clear();
    overlap = OverlapMode::kNone;
    priority = 0;
    max_repeats = 1;
    period_ns = 0;
    move = false;
    exchange_in_turn = false;
    queries_to_all = false;
    predicted_ns = 0;
  }
};

/// Whether ranks would do the same for both: all but what they are expected to take.
inline bool SameWork(const StepPlan& a, const StepPlan& b) {
  return a.instances == b.instances && a.requests == b.requests && a.shares == b.shares &&
         a.overlap == b.overlap && a.priority == b.priority && a.max_repeats == b.max_repeats &&
         a.period_ns == b.period_ns && a.move == b.move &&
         a.exchange_in_turn == b.exchange_in_turn && a.queries_to_all == b.queries_to_all;
}

/// Whether a move takes `planned` to the host's memory or brings it back from there.
inline bool IsSwap(const StepPlan& plan, const PlannedRequest& planned) {
  return plan.move &&
         (planned.master == kHostMemory ||
          (planned.num_shares > 0 && plan.shares[planned.first_share].instance == kHostMemory));
}

}  // namespace braid
