#pragma once

#include "plan/planner.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/future_memory.h"
#include "planner/policy/length_estimate.h"
#include "planner/policy/outgrew.h"
#include "planner/policy/policy_options.h"
#include "planner/policy/request_set.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace braid {

/// Interleaved operator parallelism as Liger publishes it: tensor-parallel instances with up to
/// `depth` batches in flight, oldest first. A batch is formed from what waits, prefills and decodes
/// to its end; while the oldest communicates, kernels of younger ones compute, in rounds.
/// Source: Liger, PPoPP'24, section 3.
class Liger final : public Planner {
 public:
  Liger(const PolicyOptions& options, const CostModel& costs, std::int32_t num_instances);

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override;

 private:
  struct Batch {
    RequestSet requests;  ///< that decode
    StepIndex running = kNoIndex;
    std::int32_t priority = 0;
    bool live = false;
  };
  struct Instance {
    std::deque<RequestIndex> waiting;
    std::vector<Batch> batches;    ///< `depth` places
    std::int64_t outstanding = 0;  ///< tokens
    std::int32_t next_priority = 0;
    bool changed = false;
  };

  void Handle(const EngineView& view, const Event& event, StepSink& sink);
  void Issue(const EngineView& view, std::int32_t index, StepSink& sink);
  bool IssuePrefill(const EngineView& view, std::int32_t index, Batch& batch, StepSink& sink);
  bool IssueDecode(const EngineView& view, std::int32_t index, Batch& batch, StepSink& sink);

  Instance& at(std::int32_t index) { return instances_[static_cast<std::size_t>(index)]; }

  PolicyOptions options_;
  const CostModel& costs_;
  LengthEstimate lengths_;
  std::vector<Instance> instances_;
  std::vector<std::int32_t> instance_of_;  ///< by request
  std::vector<std::int32_t> batch_of_;     ///< by request
  std::vector<std::int64_t> promised_;     ///< by request; -1: ended in the events being handled
  std::vector<std::int32_t> places_;
  std::vector<MemoryClaim> claims_;
  StepPlan plan_;
};

}  // namespace braid
