#pragma once

#include "base/status.h"
#include "engine/forecasts.h"
#include "engine/kv_book.h"
#include "engine/progress.h"
#include "plan/executor.h"
#include "plan/planner.h"
#include "plan/request.h"

#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace braid {

/// Hears what the engine did, in order of time.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  virtual void OnStarted(const EngineView& /*view*/, StepIndex /*step*/) {}
  /// `view` still holds the step; its requests are as they are after it.
  virtual void OnEnded(const EngineView& /*view*/, StepIndex /*step*/) {}
  virtual void OnFinished(const EngineView& /*view*/, const RequestState& /*request*/) {}
  virtual void OnEvicted(const EngineView& /*view*/, const RequestState& /*request*/) {}
  virtual void OnRejected(const EngineView& /*view*/, const RequestState& /*request*/,
                          const std::string& /*why*/) {}
};

/// How much the engine did.
struct EngineCounts {
  std::uint64_t arrivals = 0;
  std::uint64_t finished = 0;
  std::uint64_t rejected = 0;
  std::uint64_t evictions = 0;
  std::uint64_t steps = 0;      ///< issued
  std::uint64_t passes = 0;     ///< forward passes: steps and their repeats
  std::uint64_t repeats = 0;    ///< passes that needed no planning
  std::uint64_t plans = 0;      ///< calls of the planner
  std::uint64_t forecasts = 0;  ///< steps after which the planner said what it expects to issue
  std::uint64_t foreseen = 0;   ///< steps that were issued as a forecast had said
};

struct EngineOptions {
  std::int32_t num_instances = 1;
  std::int64_t kv_slots = 0;  ///< of each instance
  std::int32_t max_strands = 3;
  /// A run of repeats reserves its slots; this many at most before the engine goes round again.
  std::int32_t longest_run = 64;
};

/// The only loop: takes requests, keeps their state and every KV slot, asks the planner for steps,
/// hands them to the executor and commits what comes back. It does not know whether the executor is
/// real. A planner that breaks the rules of StepSink gets Internal naming the rule, step and
/// request. Cost: beside planner and executor O(requests of the step) per step. Thread: one.
class Engine final : private StepSink {
 public:
  Engine(const EngineOptions& options, Planner& planner, Executor& executor,
         EngineListener& listener);

  /// Serves `source` until `until_ns` or until all requests ended. May be called again to go on.
  /// Errors: Internal where the planner broke a rule, leaves requests waiting for ever, or
  /// goes round in circles (Progress).
  Status Run(RequestSource& source, std::int64_t until_ns = kNever);

  EngineView view() const;
  /// A running step as data, as ranks get it: every token's slot, those that the step fills
  /// included (of one pass). These are the slots that the engine books when the step ends; no other
  /// step that runs has them. Token ids are 0: the engine knows lengths only. Cost: O(rows +
  /// extents) of its requests.
  Step StepOf(StepIndex index) const;
  const EngineCounts& counts() const { return counts_; }
  std::int64_t now_ns() const { return now_ns_; }
  std::uint64_t num_live() const { return num_live_; }
  /// Nothing lives and nothing more arrives.
  bool idle() const { return num_live_ == 0 && source_ended_ && !has_pending_; }
  /// Slots that hold tokens, over all instances.
  std::int64_t kv_used() const { return kv_.used(); }

 private:
  Issued Issue(const StepPlan& plan) override;
  void Foresee(StepIndex after, const StepPlan& plan) override;
  void Stop(StepIndex step) override;
  void Evict(RequestIndex request) override;
  void Reject(RequestIndex request, const std::string& why) override;
  void WakeAt(std::int64_t time_ns) override;

  RequestState& request(RequestIndex index) { return requests_[static_cast<std::size_t>(index)]; }
  RunningStep& step(StepIndex index) { return steps_[static_cast<std::size_t>(index)]; }

  void Arrive(const Request& arrived);
  void Commit(const Completion& completion);
  void CommitMove(RunningStep& ended);
  void CommitPrefill(const RunningStep& ended, const PlannedRequest& planned);
  void CommitDecode(const RunningStep& ended, const PlannedRequest& planned);
  void EndOrGoOn(const RunningStep& ended, RequestIndex index, StepIndex step_index);
  void NoteKv(RequestState& state, std::uint64_t step);
  bool Continue(StepIndex index);
  void HoldFor(const RunningStep& issued, const PlannedRequest& planned);
  void Free(RequestIndex index);
  Status CheckPlan(const StepPlan& plan);
  std::string BrokenRule(const StepPlan& plan, const PlannedRequest& planned) const;
  void CheckProgress() {
    if (broken_.ok()) broken_ = progress_.Check(num_live_);
  }
  bool IsStep(StepIndex index, const char* what);
  bool MayTake(RequestIndex index, const char* what);
  bool Exists(RequestIndex index) const {
    return index >= 0 && index < static_cast<RequestIndex>(requests_.size()) &&
           requests_[static_cast<std::size_t>(index)].live;
  }
  void SharesOf(const StepPlan& plan, std::int32_t repeats, std::vector<KvShare>& shares) const;
  std::int32_t MostRepeats(const StepPlan& plan);
  std::int32_t FreeStrand(const StepPlan& plan) const;
  std::int64_t NextEventNs() const;

  EngineOptions options_;
  Planner& planner_;
  Executor& executor_;
  EngineListener& listener_;
  KvBook kv_;
  std::int64_t now_ns_ = 0;
  std::uint64_t next_number_ = 1;
  std::uint64_t num_live_ = 0;
  std::vector<RequestState> requests_;
  std::vector<RequestIndex> free_requests_;
  std::vector<RunningStep> steps_;
  /// By step: of a run that goes on in stretches, the whole.
  struct WholeRun {
    std::int64_t start_ns = 0;
    std::int32_t passes = 0;
  };
  std::vector<WholeRun> whole_runs_;
  std::vector<StepIndex> free_steps_;
  std::vector<StepIndex> ended_;     ///< ended since the planner was asked; freed after
  std::vector<RequestIndex> freed_;  ///< likewise
  std::vector<Event> events_;
  Forecasts forecasts_;
  Progress progress_;
  std::vector<KvShare> reserve_;           ///< scratch
  std::vector<std::int32_t> decode_rows_;  ///< scratch: new tokens of a pass by instance
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> wakes_;
  std::int64_t num_running_ = 0;
  bool has_pending_ = false;  ///< a request that was read from the source and has not arrived yet
  Request pending_;
  bool source_ended_ = false;
  Status broken_;  ///< the first rule that the planner broke
  EngineCounts counts_;
};

}  // namespace braid
