#pragma once

#include "plan/executor.h"
#include "planner/cost/approximate_rates.h"
#include "planner/cost/cost_model.h"
#include "planner/measure/measure_step.h"
#include "planner/sim/simulation/round_rates.h"

#include <cstdint>
#include <queue>
#include <vector>

namespace braid {

/// The clock as executor: steps take the time that the cost model says, nothing is computed.
///
/// A step that has its ranks to itself takes exactly what its template takes task by task
/// (CostModel::StepNs). Steps that share ranks as strands progress at rates: the primary nearly at
/// its own pace, the others in the gaps that its lanes leave; rates change only when a strand
/// starts or ends on one of the ranks.
/// Cost: O(repeats) at ~0.1 us, O(strands of its instances) per start and end.
/// Thread: one.
class FastClock final : public Executor {
 public:
  /// `costs` is borrowed. `planning_ns`: what the host needs before each step that was planned
  /// anew and not foreseen.
  FastClock(const CostModel& costs, const ClusterSpec& cluster, std::int64_t planning_ns = 0);

  void Start(const EngineView& view, StepIndex step) override;
  void Stop(StepIndex step, std::int64_t now_ns) override;
  void AdvanceTo(std::int64_t now_ns) override;
  std::int64_t NextNs() override;
  Completion Next() override;
  bool Ended(const RequestState& request) override;

  /// What a step that ended kept its lanes busy, all repeats; valid until the index is used again.
  CostModel::LaneNs Busy(StepIndex step) const;
  const StepMeasure& Measure(StepIndex step) const {
    return strands_[static_cast<std::size_t>(step)].measure;
  }
  /// What the passes of a step that ended took, planning and pauses apart, where they had their
  /// ranks to themselves all the time; `num` is 0 where they shared them. Of a run that was
  /// interrupted and went on: those since.
  struct Passes {
    std::int32_t num = 0;
    std::int64_t ns = 0;  ///< together
  };
  Passes PassesAlone(StepIndex step) const;

 private:
  static constexpr std::int64_t kFullRate = 1024;

  struct Strand {
    bool live = false;
    bool shared = false;  ///< a rank of it carried another strand
    std::uint64_t number = 0;
    std::int32_t priority = 0;
    StepMeasure measure;
    std::vector<std::int32_t> instances;
    std::int32_t repeats = 1;
    /// Passes begin at least so far apart: then each pass is scheduled by itself, and the pauses
    /// belong to the others. 0: all repeats are one stretch of work.
    std::int64_t period_ns = 0;
    std::int32_t pass = 0;           ///< with a period: the one that runs, or the next
    std::int64_t pass_start_ns = 0;  ///< with a period: when the last one began
    bool pausing = false;
    bool rounds = false;  ///< interleaves as Liger does
    // Work is the time the step would take alone.
    std::int64_t work_ns = 0;  ///< of all repeats; with a period: of the pass
    std::int64_t done_ns = 0;  ///< of it, at `updated_ns`
    std::int64_t updated_ns = 0;
    std::int64_t rate = kFullRate;  ///< work per time, in 1/1024
    std::int64_t end_ns = 0;
    std::int32_t passes_begun = 0;  ///< a pass that begins at or before done_ns ..
    std::int64_t next_pass_ns = 0;  ///< .. and where it begins, in work
    StrandShape shape;
    std::uint32_t version = 0;
  };
  struct Due {
    std::int64_t end_ns;
    std::uint64_t number;
    StepIndex step;
    std::uint32_t version;
    bool operator>(const Due& other) const {
      return end_ns != other.end_ns ? end_ns > other.end_ns : number > other.number;
    }
  };

  Strand& strand(StepIndex index) { return strands_[static_cast<std::size_t>(index)]; }
  std::int64_t PassNs(const Strand& strand, std::int32_t repeat) const;
  void Advance(Strand& strand, std::int64_t now_ns);
  void Schedule(StepIndex index);
  void Rebalance(const std::vector<std::int32_t>& instances, std::int64_t now_ns);
  void MeasureShape(Strand& strand);
  void ShareInstance(std::int32_t instance);
  std::int64_t RateOf(StepIndex index) const;
  void PauseUntil(StepIndex index, std::int64_t begins_ns);
  void BeginPass(Strand& paced, std::int64_t now_ns);
  bool AtLast(const Strand& strand) const;
  void StopPaced(StepIndex step, std::int64_t now_ns);

  const CostModel& costs_;
  StepMeter meter_;
  std::int64_t planning_ns_;
  std::vector<Strand> strands_;
  /// What runs on an instance, and how fast the instance lets it.
  struct Tenant {
    StepIndex step = kNoIndex;
    std::int64_t rate = kFullRate;
  };
  std::vector<std::vector<Tenant>> on_instance_;  ///< in order of (priority, number)
  CoRunConditions conditions_;
  std::vector<StrandShape> shapes_;  ///< scratch
  std::vector<Tenant*> active_;      ///< scratch
  RoundRates round_rates_;
  std::vector<RoundRates::Strand> rounds_;  ///< scratch
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<Due> ended_;  ///< scratch
};

}  // namespace braid
