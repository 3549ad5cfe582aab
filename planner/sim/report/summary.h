#pragma once

#include "planner/sim/report/length_deciles.h"
#include "planner/sim/request_record.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// One metric over the requests that finished. Quantiles are of nearest rank, within 0.2 %.
struct Distribution {
  std::int64_t count = 0;
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double max = 0;
};

inline constexpr int kNumScalingEvents = static_cast<int>(ScalingEvent::kSwap) + 1;
/// "scale-up", "scale-down", "move", "evict", "swap".
std::string_view ScalingEventName(ScalingEvent event);

/// How far the planner's predictions were off, where the machines are not what it believes.
struct PredictionError {
  std::int64_t num_steps = 0;  ///< that had their ranks to themselves; 0: nobody measured
  double mean = 0;             ///< of |predicted - actual| / actual
};

/// A whole run in figures; docs/metrics.md has the formula of each. Times in seconds.
struct Summary {
  std::int64_t num_requests = 0;  ///< that arrived: finished, unfinished and rejected ones
  std::int64_t num_finished = 0;
  std::int64_t num_unfinished = 0;
  std::int64_t num_rejected = 0;
  double duration_s = 0;    ///< from the first arrival to the last thing that happened
  double offered_rate = 0;  ///< requests a second

  Distribution ttft_s;
  Distribution tpot_s;
  Distribution end_to_end_s;
  Distribution per_token_s;  ///< normalised: latency / (prompt + output)
  Distribution input_s;      ///< normalised: TTFT / prompt
  Distribution output_s;     ///< normalised: (finish - first token) / (output - 1)
  Distribution longest_gap_s;
  /// TTFT of prompts shorter than MetricsOptions::long_prompt_tokens, and of the others.
  Distribution short_ttft_s;
  Distribution long_ttft_s;

  double requests_per_s = 0;
  double output_tokens_per_s = 0;
  double total_tokens_per_s = 0;

  std::int64_t num_met = 0;
  double attainment = 1;  ///< share of all requests that met the SLO
  std::array<LengthDecile, 10> deciles;
  double worst_decile = 1;          ///< the least of their attainments
  bool is_goodput = true;           ///< the raw rule: `attainment` suffices
  bool is_decile_goodput = true;    ///< and so does that of every decile
  double good_requests_per_s = 0;   ///< requests that met the SLO
  double goodput_rate = -1;         ///< found by a search over rates; -1: none was made
  double decile_goodput_rate = -1;  ///< the same under the decile rule

  double compute_utilisation = 0;  ///< busy share of instances x duration
  double network_utilisation = 0;
  double mean_kv_occupancy = 0;  ///< share of all slots, weighted by time
  double peak_kv_occupancy = 0;

  std::int64_t num_steps = 0;
  std::array<std::int64_t, kNumScalingEvents> scaling_events = {};
  PredictionError prediction;
};

/// A run of one policy, for reports that hold several.
struct NamedSummary {
  std::string name;
  Summary summary;
};

}  // namespace braid
