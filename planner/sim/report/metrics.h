#pragma once

#include "planner/sim/report/length_deciles.h"
#include "planner/sim/report/log_histogram.h"
#include "planner/sim/report/slo.h"
#include "planner/sim/report/summary.h"
#include "planner/sim/request_record.h"

#include <array>
#include <cstdint>

namespace braid {

struct MetricsOptions {
  Slo slo;
  std::int32_t num_instances = 1;
  std::int64_t kv_slots = 0;  ///< of all instances together
  /// Prompts of at least this length have a TTFT distribution of their own; 0: none has.
  std::int64_t long_prompt_tokens = 0;
};

/// Adds up a run while it happens. Memory does not grow with the number of requests (1.1 MB, and an
/// entry for each prompt length).
/// Thread: one.
class Metrics final : public Observer {
 public:
  explicit Metrics(MetricsOptions options);

  void OnFinished(const RequestRecord& record) override;
  void OnStep(const StepSpan& span) override;
  void OnScaling(std::int64_t time_ns, ScalingEvent event) override;
  void OnKv(std::int64_t time_ns, std::int64_t used_slots) override;

  /// The run so far. Cost: about 1 ms, and 0.2 us for each prompt length that occurred.
  Summary Summarize() const;

 private:
  void AddLatencies(const RequestRecord& record);
  void See(std::int64_t time_ns);
  void SummarizeUse(Summary& summary) const;

  MetricsOptions options_;
  LogHistogram ttft_ns_, tpot_ns_, end_to_end_ns_, longest_gap_ns_;
  LogHistogram short_ttft_ns_, long_ttft_ns_;
  // In picoseconds: nanoseconds would be too coarse for long prompts.
  LogHistogram per_token_ps_, input_ps_, output_ps_;
  LengthDeciles deciles_;
  std::array<std::int64_t, kNumScalingEvents> scaling_events_ = {};
  std::int64_t num_requests_ = 0, num_finished_ = 0, num_rejected_ = 0, num_met_ = 0;
  std::int64_t prompt_tokens_ = 0, output_tokens_ = 0;  // of finished requests
  std::int64_t first_arrival_ns_ = 0, last_arrival_ns_ = 0, last_event_ns_ = 0;
  std::int64_t num_steps_ = 0;
  std::int64_t compute_ns_ = 0, network_ns_ = 0;  // over all instances
  std::int64_t kv_used_ = 0, kv_peak_ = 0, kv_since_ns_ = 0;
  double kv_slot_ns_ = 0;
};

}  // namespace braid
