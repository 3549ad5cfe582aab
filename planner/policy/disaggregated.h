#pragma once

#include "plan/planner.h"
#include "planner/cost/cost_model.h"
#include "planner/policy/length_estimate.h"
#include "planner/policy/outgrew.h"
#include "planner/policy/policy_options.h"
#include "planner/policy/request_set.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace braid {

/// Prompts on some instances, decoding on the others; KV moves from one to the other, beside their
/// steps, when the prompt ends. A prompt's KV stays where it was computed until its target has
/// room. Source: DistServe (OSDI'24), Splitwise (ISCA'24).
class Disaggregated final : public Planner {
 public:
  /// Instances 0 .. num_prefill - 1 prefill, the rest decodes; both at least one.
  Disaggregated(const PolicyOptions& options, const CostModel& costs, std::int32_t num_instances,
                std::int32_t num_prefill);

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override;

 private:
  struct Prefiller {
    StepIndex running = kNoIndex;
  };
  struct Decoder {
    RequestSet decoding;
    StepIndex running = kNoIndex;
    std::int64_t promised = 0;  ///< slots of requests that decode here or are on their way
    bool changed = false;
  };

  void Handle(const EngineView& view, const Event& event, StepSink& sink);
  void Ended(const EngineView& view, const RunningStep& ended);
  void Forget(RequestIndex request);
  void IssuePrefill(const EngineView& view, std::int32_t instance, StepSink& sink);
  bool IssueMove(const EngineView& view, RequestIndex request, StepSink& sink);
  void IssueDecode(const EngineView& view, std::int32_t decoder, StepSink& sink);
  std::int64_t Need(const RequestState& state) const;

  Decoder& decoder(std::int32_t index) { return decoders_[static_cast<std::size_t>(index)]; }

  PolicyOptions options_;
  const CostModel& costs_;
  LengthEstimate lengths_;
  std::int32_t num_prefill_;
  std::vector<Prefiller> prefillers_;
  std::vector<Decoder> decoders_;  ///< decoder i is instance num_prefill_ + i
  std::deque<RequestIndex> waiting_;
  std::deque<RequestIndex> to_move_;      ///< prefilled, KV not yet under way
  std::vector<std::int32_t> decoder_of_;  ///< by request; kNoIndex before its move
  std::vector<std::int64_t> promise_of_;  ///< by request
  std::vector<std::int32_t> places_;      ///< of RequestSet
  std::vector<char> ended_;               ///< by request: in the events being handled
  StepPlan plan_;
};

}  // namespace braid
