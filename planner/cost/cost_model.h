#pragma once

#include "base/status.h"
#include "plan/cluster_spec.h"
#include "plan/model_spec.h"
#include "plan/overlap_mode.h"
#include "plan/step_plan.h"
#include "planner/cost/calibration.h"
#include "planner/cost/prefill_line.h"
#include "planner/cost/profile.h"
#include "planner/cost/step_signature.h"
#include "planner/cost/timed_template.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace braid {

/// What steps cost on one kind of cluster: roofline from device and links, corrected by calibration
/// points. Times are those of a step that has its ranks to itself.
/// Thread: immutable but for Observe; one thread.
class CostModel {
 public:
  /// Cost:   a few ms: fits the profile's points.
  /// Errors: InvalidArgument or FailedPrecondition where the model does not fit the instance, the
  /// profile lacks a figure, or its points contradict each other (no non-negative fit).
  static Result<CostModel> Make(const Profile& profile, const ModelSpec& model,
                                const ClusterSpec& cluster);
  /// The same with another precision than the profile's.
  static Result<CostModel> Make(const Profile& profile, const ModelSpec& model,
                                const ClusterSpec& cluster, const Precision& precision);

  CostModel(CostModel&&) noexcept;
  CostModel& operator=(CostModel&&) noexcept;
  ~CostModel();

  /// Cached; valid as long as the model. Cost of the first call per signature: tens of us.
  const TimedTemplate& Timed(const StepSignature& signature) const;

  /// The exact time of a step on its own: what the task clock says, to the nanosecond, times what
  /// Observe learned. Cost: 25 ns where tasks follow one another, ~0.1 us where they overlap.
  std::int64_t StepNs(const StepSignature& signature, const StepSizes& sizes) const;

  /// What of StepNs each lane is busy; the rest is waiting and overhead.
  struct LaneNs {
    std::int64_t compute = 0;
    std::int64_t network = 0;
  };
  LaneNs BusyNs(const StepSignature& signature, const StepSizes& sizes) const;

  /// The closed form that planners search with; agrees with StepNs on whole prompts of >= 1,000
  /// tokens within 2 % (2.5 % where eight instances share 1,000 tokens; more where what Observe
  /// learned bends). Follows Observe in steps of 1 %: ask again where corrections() has risen.
  /// Cost: ~0.1 us; ~50 us where the line has to be drawn anew.
  PrefillLine Prefill(std::int32_t degree) const;
  /// The same for steps of another kind: across nodes, exchanges in turn.
  PrefillLine Prefill(const StepSignature& signature) const;

  /// How often a template was asked for: lowered and priced anew, or found.
  struct TemplateUses {
    std::uint64_t made = 0;
    std::uint64_t found = 0;
  };
  TemplateUses template_uses() const;

  /// How the profile's points fit; for reports.
  const Calibration& calibration() const;

  /// KV slots of one instance, tokens: the cluster's own figure, or what memory leaves.
  std::int64_t kv_slots() const;
  std::int64_t kv_bytes_per_token() const;  ///< over all devices of an instance
  std::int32_t max_degree() const;

  /// Moving the KV of `tokens` tokens from one instance to another (to the host: swap).
  std::int64_t MoveNs(std::int64_t tokens, bool same_node) const;
  std::int64_t SwapNs(std::int64_t tokens) const;

  const ContentionMatrix& contention() const;

  /// Online correction: a step of `signature` and `sizes` had its ranks to itself and took
  /// `actual_ns`. Later predictions of that kind of step move towards it (TimeCorrection); kinds of
  /// other degrees that were never seen follow. Ignored where `actual_ns` is not positive.
  /// Cost: about 1 us.
  void Observe(const StepSignature& signature, const StepSizes& sizes, std::int64_t actual_ns);

  /// Rises when what Observe learned has moved predictions of a kind of step by more than 1 % since
  /// it rose last: what was derived from predictions is then due to be derived again.
  std::uint64_t corrections() const;

 private:
  struct Tables;
  explicit CostModel(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

}  // namespace braid
