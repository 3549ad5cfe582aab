#pragma once

#include "plan/planner.h"
#include "planner/batching/batching.h"
#include "planner/cost/cost_model.h"
#include "planner/cost/paced_rates.h"
#include "planner/measure/measure_step.h"
#include "planner/policy/decision.h"
#include "planner/policy/length_estimate.h"
#include "planner/policy/on_time.h"
#include "planner/policy/outgrew.h"
#include "planner/policy/placement.h"
#include "planner/policy/policy_options.h"
#include "planner/policy/request_set.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <vector>

namespace braid {

/// The unified policy: elastic sequence parallelism and interleaving in one. Each instance carries
/// up to three strands, and each strand belongs to a group on a clock of its own:
///   decode   all requests whose KV lies here; instances that share a request decode as one group.
///            Beside prefills its passes are paced: the TPOT limit leaves them room;
///   express  whole short prompts, batched, on one instance;
///   bulk     long prompts in chunks. Each chunk end is a point of re-planning: the prompt with the
///            least slack goes next, on as many instances as the load leaves.
/// So nobody waits behind a long prompt, and a long prompt takes what the others leave.
/// Cost of a call: O(waiting bulk requests x log + requests of the groups that changed).
class BraidPolicy final : public Planner {
 public:
  BraidPolicy(const PolicyOptions& options, const CostModel& costs, const ClusterSpec& cluster,
              DecisionLog* log);

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override;

 private:
  /// What the policy remembers of a request beside its state.
  struct Task {
    std::vector<KvShare> home;          ///< where its KV is to stay, prompt and expected growth
    std::int64_t limit_ns = 0;          ///< to its first token, after its arrival
    std::int32_t component = kNoIndex;  ///< decode group, kNoIndex: does not decode
    bool express = false;
    std::int64_t key = 0;  ///< scratch: order among bulk prompts
    bool lost = false;     ///< given up for its limit: comes after the others
    bool rescued = false;  ///< was lost, but waited past the starvation bound
    DueWork due;           ///< scratch of ChooseLost
    bool ended = false;    ///< in the events being handled
  };
  struct Instance {
    StepIndex express = kNoIndex;
    StepIndex bulk = kNoIndex;
    std::deque<RequestIndex> express_queue;
    std::int64_t express_queue_ns = 0;  ///< what the queue takes alone
    std::int32_t leaving = 0;           ///< requests whose KV is on its way to elsewhere
    std::int64_t room = 0;              ///< scratch: slots that nobody was given yet
    std::int64_t promised = 0;          ///< slots of homes
    std::int32_t component = kNoIndex;  ///< decode group
    bool alone = false;                 ///< a prefill has it for itself: decodes wait
    bool decodes_first = false;         ///< scratch: a chunk would have to ask for its turn
    bool taken = false;                 ///< scratch: has a bulk chunk, or may not have one
    bool hidden = false;                ///< scratch: not for the prompt being placed
  };
  /// Instances that decode as one group, because a request's KV lies in several.
  struct Component {
    std::vector<std::int32_t> instances;
    RequestSet decoding;
    StepIndex running = kNoIndex;
    std::vector<StepIndex> also_running;  ///< of groups that joined this one
    std::int64_t period_ns = 0;           ///< of the running step
    std::int64_t context = 0;             ///< KV tokens of its requests when it was issued
    std::int32_t turn = 0;                ///< without strands: passes before the next prefill
    OverlapMode mode = OverlapMode::kNone;
    bool yields = false;  ///< was stopped for a prefill that will not share
    bool dirty = false;   ///< what should run is not what runs
    bool live = false;
  };

  // braid.cc: events
  void ReadLines();
  void Handle(const EngineView& view, const Event& event, StepSink& sink);
  void Arrive(const EngineView& view, RequestIndex request, StepSink& sink);
  void EndStep(const EngineView& view, const RunningStep& ended);
  void EndPrefill(const EngineView& view, const PlannedRequest& planned);
  void Forget(RequestIndex request);
  std::int64_t SlackNs(const EngineView& view, RequestIndex request) const;
  bool UnderPressure(const EngineView& view) const;
  bool Pressed(const EngineView& view) const;
  double LeftNs(const RequestState& state, std::int32_t degree) const;

  // braid_sharing.cc: whether it pays that a prefill and decodes share ranks, and how they do
  struct Sharing {
    OverlapMode mode = OverlapMode::kNone;
    double speed = 1;  ///< work done a second, against one after the other
  };
  PacedStrand DecodeStrand(std::int64_t rows, std::int64_t context) const;
  Sharing PredictSharing(const PacedStrand& decode, const StrandShape& prefill) const;
  OverlapMode ModeBeside(const Component& group, bool express);
  OverlapMode ModeOn(const std::vector<std::int32_t>& group, bool express);
  void TakeRanks(const std::vector<std::int32_t>& group, bool express);
  const Component* BusiestOn(const std::vector<std::int32_t>& instances) const;
  double NsBeside(const StepMeasure& measure, std::int64_t alone_ns, const Component* group) const;
  OverlapMode DecodeMode(const EngineView& view, const Component& group) const;

  // braid_turns.cc: where sharing does not pay, an instance does one thing at a time
  enum class Turn : std::uint8_t { kNow, kAfterPrefill, kAfterDecodes, kAfterStop };
  Turn TurnOf(std::int32_t instance, bool express);
  void AskForTurn(std::int32_t instance, StepSink& sink);
  void AskForTurns(const EngineView& view, StepSink& sink);
  bool MayPrefill(std::int32_t instance, bool express, StepSink& sink);
  void GrantTurn(const EngineView& view, const RunningStep& prefill);
  bool BulkFree(std::int32_t instance) const {
    return instances_[static_cast<std::size_t>(instance)].bulk == kNoIndex &&
           !instances_[static_cast<std::size_t>(instance)].taken &&
           !instances_[static_cast<std::size_t>(instance)].hidden;
  }

  // braid_placement.cc: homes
  std::int64_t DecodePassNs(std::int64_t rows, std::int64_t context) const;
  std::int32_t FewestHomes(std::int64_t need) const;
  bool ChooseHome(const EngineView& view, RequestIndex request, bool bulk_free_only);
  std::int32_t PackedHome(const EngineView& view, std::int64_t need) const;
  bool BatchFull(std::int32_t instance) const;
  void Promise(RequestIndex request, std::vector<KvShare> home);
  std::int64_t Need(const EngineView& view, const RequestState& state) const;
  static std::int64_t Capacity(const EngineView& view);

  // braid_prefill.cc
  void IssueExpress(const EngineView& view, std::int32_t instance, StepSink& sink);
  void PlaceExpress(const EngineView& view);
  bool IssueChunk(const EngineView& view, RequestIndex request,
                  const std::vector<std::int32_t>& group, StepSink& sink);
  bool PlanChunk(const EngineView& view, RequestIndex request,
                 const std::vector<std::int32_t>& group, std::span<const KvShare> before);
  void ForeseeChunk(const EngineView& view, RequestIndex request,
                    const std::vector<std::int32_t>& group, StepIndex step, StepSink& sink);
  void FillExpress(const EngineView& view, std::int32_t instance);
  void ChooseOverlap(const EngineView& view);
  double RowsWithin(double budget_ns, double prefix, std::int32_t degree) const;
  std::int32_t ChunkRows(std::int32_t prefix, std::int32_t left, std::int32_t degree) const;

  // braid_bulk.cc: which long prompts go next, and where
  struct Chosen {
    RequestIndex request = kNoIndex;
    std::vector<std::int32_t> group;
  };
  void ChooseLost(const EngineView& view);
  bool EvictLost(const EngineView& view, RequestIndex request, StepSink& sink);
  void OrderBulk(const EngineView& view);
  bool Choose(RequestIndex request);
  void Partition(const EngineView& view);
  void GrowDegrees(const EngineView& view);
  void IssueBulk(const EngineView& view, StepSink& sink);
  void ChooseBulk(const EngineView& view, StepSink& sink);

  // braid_words.cc: for the decision log
  void ExplainChunk(const EngineView& view, RequestIndex request) const;
  void ExplainExpress(const EngineView& view, std::int32_t instance) const;
  void ExplainDecode(const EngineView& view, const Component& group) const;

  // braid_decode.cc
  void JoinDecode(const EngineView& view, RequestIndex request);
  void IssueDecode(const EngineView& view, std::int32_t component, StepSink& sink);
  bool ChooseMasters(const EngineView& view, const Component& group);
  void SplitComponent(const EngineView& view, std::int32_t component);
  std::int64_t PeriodNs(const EngineView& view, const Component& group) const;
  std::int64_t RelaxedPeriodNs(std::int64_t pass_ns) const;
  bool Yields(const Component& group) const;
  bool PlanDecode(const EngineView& view, const Component& group, std::int64_t period,
                  OverlapMode mode);
  std::int64_t ContextOf(const EngineView& view, const Component& group) const;
  bool Shares(const Component& component) const;
  std::int32_t NewComponent();

  // braid_room.cc: when slots run out
  void AwaitRoom(const EngineView& view, std::int32_t component, StepSink& sink);
  void MakeRoom(const EngineView& view, std::int32_t component, StepSink& sink);
  bool MoveAway(const EngineView& view, RequestIndex request, double limit_ns, StepSink& sink);
  bool MoveTo(const EngineView& view, RequestIndex request, std::int32_t to, StepSink& sink);
  bool SwapOut(const EngineView& view, RequestIndex request, StepSink& sink);
  bool HasRoomFor(const EngineView& view, std::int32_t instance, std::int64_t tokens) const;
  void SwapIn(const EngineView& view, StepSink& sink);
  void EndMove(const EngineView& view, const RunningStep& ended);

  Task& task(RequestIndex index) { return tasks_[static_cast<std::size_t>(index)]; }
  Instance& at(std::int32_t index) { return instances_[static_cast<std::size_t>(index)]; }
  Component& component(std::int32_t index) { return components_[static_cast<std::size_t>(index)]; }

  PolicyOptions options_;
  const CostModel& costs_;
  ClusterSpec cluster_;
  DecisionLog* log_;  ///< may be null
  bool strands_;      ///< prefills and decodes share ranks; else they take turns
  LengthEstimate lengths_;
  std::vector<PrefillLine> lines_;  ///< by degree
  std::uint64_t corrections_seen_ = 0;
  CoRunConditions conditions_;
  std::map<std::int64_t, Sharing> sharing_;  ///< by magnitudes of the decodes
  std::vector<Task> tasks_;                  ///< by request
  std::vector<Instance> instances_;
  std::vector<Component> components_;
  std::vector<RequestIndex> express_waiting_;  ///< have no home yet, oldest first
  std::vector<RequestIndex> bulk_;             ///< not in a step
  std::vector<std::int32_t> places_;           ///< of RequestSet
  std::vector<RequestIndex> swapped_;          ///< KV in the host's memory, oldest first
  std::vector<RequestIndex> in_chunk_;         ///< bulk requests in a step
  OnTime on_time_;
  Batcher batcher_;
  std::vector<Chosen> chosen_;  ///< scratch: chunks to issue
  double credit_ns_ = 0;        ///< instance time that the starving may take
  std::int64_t credited_ns_ = 0;
  std::vector<DueWork*> due_;  ///< scratch
  double stretch_ = 1;         ///< of bulk chunks, by what shares their ranks
  std::int64_t pressed_ns_ = std::numeric_limits<std::int64_t>::min() / 2;  ///< prompts last waited
  bool bulk_changed_ = false;
  bool no_strand_ = false;  ///< a chunk found none: the end of any step may free one
  bool memory_changed_ = false;
  std::vector<std::int32_t> touched_;  ///< scratch: instances whose express strand may start
  StepMeter meter_;
  StepPlan plan_;
};

}  // namespace braid
