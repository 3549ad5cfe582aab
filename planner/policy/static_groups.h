#pragma once

#include "plan/planner.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/future_memory.h"
#include "planner/policy/length_estimate.h"
#include "planner/policy/outgrew.h"
#include "planner/policy/placement.h"
#include "planner/policy/policy_options.h"
#include "planner/policy/request_set.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace braid {

/// Fixed groups, each with a queue of its own; arrivals go to the group with the fewest tokens
/// outstanding. What a group does next:
///   whole prompts (static-tp, static-sp, replicas): a batch of waiting prompts if there is room,
///     else one decode pass of everything, repeated until something happens;
///   chunks (chunked-prefill): every pass decodes everything and fills up to chunk_tokens rows with
///     the oldest prompts (Sarathi-Serve, OSDI'24).
/// Cost of a call: O(requests of the groups that changed).
class StaticGroups final : public Planner {
 public:
  StaticGroups(const PolicyOptions& options, const CostModel& costs,
               std::vector<std::vector<std::int32_t>> groups, bool chunked);

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override;

 private:
  struct Group {
    std::vector<std::int32_t> instances;
    std::deque<RequestIndex> waiting;  ///< whole or partly prefilled, oldest first
    RequestSet decoding;
    StepIndex running = kNoIndex;
    bool running_decode = false;
    std::int64_t outstanding = 0;     ///< tokens, to choose among groups
    std::int32_t passes_to_wait = 0;  ///< decode passes before the next admission
    bool changed = false;
  };

  void Handle(const EngineView& view, const Event& event, StepSink& sink);
  void Arrive(const EngineView& view, RequestIndex request, StepSink& sink);
  void Ended(const EngineView& view, StepIndex step);
  bool IssuePrefill(const EngineView& view, Group& group, StepSink& sink);
  bool IssueDecode(const EngineView& view, Group& group, StepSink& sink);
  bool IssueMixed(const EngineView& view, Group& group, StepSink& sink);
  void AddDecodeRows(const EngineView& view, Group& group);
  bool Admissible(const EngineView& view, Group& group, RequestIndex request);
  void FreeOf(const EngineView& view, const Group& group);
  void EvictNewest(const EngineView& view, Group& group, StepSink& sink);
  Group& GroupOf(RequestIndex request) {
    return groups_[static_cast<std::size_t>(group_of_[static_cast<std::size_t>(request)])];
  }

  PolicyOptions options_;
  const CostModel& costs_;
  bool chunked_;
  LengthEstimate lengths_;
  std::vector<Group> groups_;
  std::int32_t next_group_ = 0;         ///< of round robin
  std::vector<std::int32_t> group_of_;  ///< by request
  std::vector<std::int32_t> places_;    ///< of RequestSet
  std::vector<std::int64_t> promised_;  ///< tokens that a request counts for in `outstanding`
  std::vector<MemoryClaim> claims_;     ///< scratch: of what is admitted
  std::vector<FreeSlots> free_;         ///< scratch
  StepPlan plan_;                       ///< scratch
};

}  // namespace braid
