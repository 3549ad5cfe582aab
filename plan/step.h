#pragma once

#include "base/status.h"
#include "plan/overlap_mode.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// `count` consecutive KV slots of one instance, holding consecutive tokens of one request.
struct KvExtent {
  std::int32_t instance = 0;
  std::int32_t first_slot = 0;
  std::int32_t count = 0;

  bool operator==(const KvExtent&) const = default;
};

/// A request without a master: its rows are dealt out over a ring of instances.
inline constexpr std::int32_t kNoMaster = -1;

/// The rows of one request in a step: `tokens` at positions first_position.., of which the last
/// `sampled_rows` rows yield logits. `kv` says where the KV of every token of the request stays,
/// those of this step included, in token order, all within the group.
///
/// Which instances work for the request follows from `master` and `kv`:
/// * striped (no master): the `ring`, or all of the group where that is empty. Row i of the request
///   belongs to the instance at place i mod d of the ring. KV goes round the whole group, so that
///   of new tokens stays wherever `kv` says. With one instance that is the ordinary step.
/// * with a master: that instance owns the rows and keeps their KV; the other instances that hold
/// KV
///   of the request attend for it. A new master needs no KV moved to it.
struct StepRequest {
  std::uint64_t id = 0;
  std::int32_t first_position = 0;
  std::vector<std::int32_t> tokens = {};
  std::int32_t sampled_rows = 0;
  std::vector<KvExtent> kv = {};
  std::int32_t master = kNoMaster;
  std::vector<std::int32_t> ring = {};  ///< of the group, in its order; empty: all of it

  bool operator==(const StepRequest&) const = default;
};

/// Consecutive tokens of one request that change their instance, in all layers.
struct KvMove {
  std::uint64_t request = 0;
  KvExtent from;
  KvExtent to;

  bool operator==(const KvMove&) const = default;
};

/// One forward pass of one group, or one move of KV, as data. An immutable value once it is in the
/// log.
struct Step {
  std::uint64_t number = 0;             ///< total order over all steps of a job
  std::vector<std::int32_t> instances;  ///< the group, in ring order; moves: sources first
  std::int32_t slot = 0;                ///< strand slot, the same on all ranks of the group
  std::int32_t priority = 0;            ///< higher goes first where strands share a rank
  std::vector<StepRequest> requests;
  std::vector<KvMove> moves;  ///< not empty: a move of KV, which has no requests
  OverlapMode overlap = OverlapMode::kNone;
  std::int64_t predicted_ns = 0;  ///< what the planner expects it to take; 0: nothing expected
  /// LoongServe's released code sends queries to every instance of the group, owner or not.
  bool queries_to_all = false;
  /// LoongServe's released code lets no exchange overlap the attention that it belongs to.
  bool exchange_in_turn = false;

  bool operator==(const Step&) const = default;

  std::int32_t num_rows() const;
  std::int32_t num_sampled_rows() const;
  bool is_move() const { return !moves.empty(); }
  /// Place of an instance in the group, -1 where it is not of it.
  std::int32_t RingIndex(std::int32_t instance) const;
  /// The instances over which the rows of a striped request are dealt out.
  std::span<const std::int32_t> RingOf(const StepRequest& request) const {
    return request.ring.empty() ? instances : request.ring;
  }
  /// Whether rows of `request` are dealt out over more than one instance.
  bool IsStriped(const StepRequest& request) const {
    return request.master == kNoMaster && instances.size() > 1;
  }
};

/// What a step may ask of the ranks that run it.
struct StepLimits {
  std::int32_t vocab_size = 0;
  std::int32_t num_instances = 1;
  std::int32_t num_strand_slots = 1;
  std::int32_t num_kv_slots = 0;  ///< of each instance
  std::int32_t max_rows = 0;
};

/// Errors: InvalidArgument naming the request and the first rule it breaks: tokens outside the
/// vocabulary, KV extents that do not cover the context, lie outside the pool or the group or
/// overlap those of another request, new KV away from its master, more rows than fit, a slot or
/// instance that does not exist, a move that goes nowhere. docs/plan_format.md lists all rules.
Status ValidateStep(const Step& step, const StepLimits& limits);

}  // namespace braid
