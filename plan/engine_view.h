#pragma once

#include "plan/request.h"
#include "plan/step.h"
#include "plan/step_plan.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

enum class Phase : std::uint8_t {
  kWaiting,  ///< has no KV
  kPrefill,  ///< has the KV of a part of its context
  kDecode,   ///< has the KV of all its tokens but the newest
  kSwapped,  ///< its KV is in the host's memory
};

/// What the engine knows of a live request.
struct RequestState {
  Request request;
  bool live = false;  ///< false: an unused entry of the table
  Phase phase = Phase::kWaiting;
  StepIndex step = kNoIndex;        ///< the unfinished step it is in
  std::int32_t prefill_target = 0;  ///< tokens whose KV must exist before it decodes
  std::int32_t kv_tokens = 0;       ///< tokens whose KV exists
  std::int32_t most_kv_tokens = 0;  ///< the most that ever existed at once
  std::int32_t generated = 0;       ///< tokens sampled
  std::int32_t num_evictions = 0;
  std::int32_t num_chunks = 0;
  std::int32_t prefill_degree = 0;
  std::int32_t decode_degree = 0;
  std::int64_t first_scheduled_ns = -1;
  std::int64_t first_token_ns = -1;
  std::int64_t last_token_ns = -1;
  std::int64_t longest_gap_ns = 0;
  std::vector<KvExtent> extents;  ///< every token's slot, in token order
  std::vector<KvShare> owners;    ///< the same counted by instance, in order of first use
  /// Slots for its next tokens, in their order, that nobody else may take: first `granted` of them
  /// right behind the last extent, then `ahead`.
  std::int32_t granted = 0;
  std::int32_t held = 0;  ///< so many of all the step that it is in needs; the others can be taken
  std::vector<KvExtent> ahead;

  std::int32_t prefill_left() const { return prefill_target - kv_tokens; }
  bool idle() const { return step == kNoIndex; }
  /// KV tokens in `instance`.
  std::int32_t TokensIn(std::int32_t instance) const {
    for (const KvShare& owner : owners) {
      if (owner.instance == instance) return owner.tokens;
    }
    return 0;
  }
};

/// A step that ranks are running.
struct RunningStep {
  std::uint64_t number = 0;  ///< total order over all steps
  StepPlan plan;
  std::int32_t strand = 0;   ///< strand slot, the same on all ranks of the group
  std::int32_t repeats = 1;  ///< planned
  std::int64_t start_ns = 0;
  std::int64_t end_ns = -1;  ///< once it ended
  std::int32_t repeats_done = 0;
  bool stopping = false;
  bool live = false;
  std::int64_t foreseen_ns = -1;  ///< when it was foreseen (StepSink::Foresee); -1: it was not

  bool foreseen() const { return foreseen_ns >= 0; }
};

struct InstanceState {
  std::int64_t capacity = 0;     ///< KV slots
  std::int64_t used = 0;         ///< hold tokens
  std::int64_t reserved = 0;     ///< promised to running steps
  std::vector<StepIndex> steps;  ///< strands that run here, oldest first

  std::int64_t free() const { return capacity - used - reserved; }
};

/// All that a planner may look at. Borrowed for one call of Plan.
struct EngineView {
  std::int64_t now_ns = 0;
  std::span<const RequestState> requests;
  std::span<const RunningStep> steps;
  std::span<const InstanceState> instances;
  std::int32_t max_strands = 1;

  const RequestState& request(RequestIndex index) const {
    return requests[static_cast<std::size_t>(index)];
  }
  const RunningStep& step(StepIndex index) const { return steps[static_cast<std::size_t>(index)]; }
  const InstanceState& instance(std::int32_t index) const {
    return instances[static_cast<std::size_t>(index)];
  }
};

}  // namespace braid
