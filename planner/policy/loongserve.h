#pragma once

#include "plan/planner.h"
#include "planner/batching/batching.h"
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

/// Elastic sequence parallelism as LoongServe publishes it. Whenever wait_passes decode passes went
/// by: choose prompts from the queue (dispatching), instances for them (allocation), group both
/// (batching), and shrink each group to the instances that its KV needs as it ends (proactive
/// scale-down). Decode batches grow by memory or by the batch-size threshold. Groups are disjoint.
/// With `barrier`, as in the released code, no prefill starts before all that run have ended.
/// Source: LoongServe, arXiv:2404.09526, section 5; options ask for what its released code does.
class LoongServe final : public Planner {
 public:
  LoongServe(const PolicyOptions& options, const CostModel& costs, std::int32_t num_instances,
             std::int32_t instances_per_node);

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override;

 private:
  /// Requests that decode together, and the instances that they own.
  struct Batch {
    std::vector<std::int32_t> instances;
    RequestSet decoding;
    StepIndex running = kNoIndex;
    bool paused = false;  ///< gave its instances to a prefill, KV stays
    bool live = false;
  };
  struct Prefill {
    StepIndex step = kNoIndex;
    std::vector<std::int32_t> instances;
    std::int64_t end_ns = 0;  ///< predicted
  };
  /// What a prefill of some requests is priced by.
  struct Load {
    double tokens = 0;
    double pairs = 0;
    double inverse_lengths = 0;

    Load With(const RequestState& state) const;
    Load operator+(const Load& other) const;
  };
  /// What may prefill next, and where.
  struct Choice {
    std::vector<RequestIndex> requests;
    std::vector<std::int32_t> instances;
    Load load;
  };
  /// What pausing a decode batch brings and costs, while prompts are chosen.
  struct Pause {
    std::int64_t free = 0;  ///< slots of its instances
    double inverse_generated = 0;
    std::int64_t least_executed_ns = 0;
  };

  // loongserve.cc: the control loop
  void ReadLines();
  void Handle(const EngineView& view, const Event& event, StepSink& sink);
  void Act(const EngineView& view, StepSink& sink);
  bool Stalled() const;
  std::size_t NumLeft() const;
  void EndPrefill(const EngineView& view, const RunningStep& ended);
  void GlobalStep(const EngineView& view, StepSink& sink);
  void StopDecodes(StepSink& sink);
  bool AnyDecodeRuns() const;
  bool MayAdmit() const;
  bool UnderPrefill(const Batch& batch) const;
  std::int32_t NewBatch();
  void Merge(std::int32_t into, std::int32_t from);
  void MergeOverlapping();
  void DropIdleInstances(const EngineView& view);
  std::vector<std::int32_t> IdleInstances() const;

  // loongserve_dispatch.cc: steps 1 and 2
  Choice Dispatch(const EngineView& view);
  void DispatchPaper(const EngineView& view, bool decodes, Choice& choice);
  void DispatchReleased(const EngineView& view, Choice& choice);
  bool Claim(const RequestState& state);
  void PricePauses(const EngineView& view);
  std::int32_t BatchToPause(const Load& grown, const RequestState& state, std::size_t degree,
                            std::int64_t free_needed) const;
  void PauseFor(Choice& choice, std::int32_t index);
  void TakeFromQueue();
  void Reclaim(const EngineView& view, Choice& choice, StepSink& sink);
  double TimeNs(const Load& load, std::size_t degree) const;

  // loongserve_decode.cc: steps 3 and 4
  bool IssuePrefills(const EngineView& view, const Choice& choice, StepSink& sink);
  bool IssuePrefill(const EngineView& view, std::span<const RequestIndex> requests,
                    std::span<const std::int32_t> instances, StepSink& sink);
  void IssueDecodes(const EngineView& view, StepSink& sink);
  bool IssueDecode(const EngineView& view, std::int32_t batch, StepSink& sink);
  bool GrowForMemory(const EngineView& view, std::int32_t batch);
  void Backfill(const EngineView& view, StepSink& sink);

  Batch& batch(std::int32_t index) { return batches_[static_cast<std::size_t>(index)]; }

  PolicyOptions options_;
  const CostModel& costs_;
  std::int32_t num_instances_;
  std::int32_t instances_per_node_;
  LengthEstimate lengths_;
  Batcher batcher_;
  std::vector<PrefillLine> lines_;  ///< by degree
  std::uint64_t corrections_seen_ = 0;
  std::deque<RequestIndex> waiting_;
  std::vector<Batch> batches_;
  std::vector<Prefill> prefills_;
  std::vector<std::int32_t> batch_of_;  ///< by request
  std::vector<std::int32_t> places_;    ///< of RequestSet
  std::vector<char> ended_;             ///< by request: finished in the step that is being handled
  std::int32_t passes_since_admission_ = 0;
  std::int32_t overtakings_ = 0;
  bool global_step_due_ = false;
  std::int32_t moves_running_ = 0;
  Choice pending_;              ///< waits for moves
  double mean_decode_ns_ = 0;   ///< decode phase of finished requests
  double mean_pass_ns_ = 22e6;  ///< of a decode pass
  std::int64_t capacity_ = 0;   ///< KV slots of all instances
  FutureMemory claims_;         ///< of decodes and of who may prefill
  std::vector<Pause> pauses_;   ///< by batch
  std::vector<char> taken_;     ///< by place in waiting_
  std::vector<FreeSlots> free_;
  StepPlan plan_;
};

}  // namespace braid
