#pragma once

#include "base/status.h"
#include "planner/sim/request_record.h"

#include <cstdint>
#include <functional>

namespace braid {

/// What a user calls fast enough. A request meets it if it finished, its first token came within
/// the TTFT limit, and its tokens came within the TPOT limit on average. The defaults are
/// LoongServe's (arXiv:2404.09526v2, figure 12): max(25 x ideal prefill, 15 s) and 50 ms.
/// Thread: a value; IsMet from any thread if `ideal_prefill_ns` allows it.
struct Slo {
  double ttft_factor = 25;
  std::int64_t ttft_floor_ns = 15'000'000'000;
  /// Above 0: the TTFT limit of all prompts, whatever the two above say.
  std::int64_t ttft_limit_ns = 0;
  std::int64_t tpot_limit_ns = 50'000'000;
  double attainment = 0.9;         ///< of all requests, for a rate to count as goodput
  double decile_attainment = 0.8;  ///< of each length decile, where the decile rule is asked for
  /// Prefill time of a prompt alone on all instances; not set: only the floor holds.
  std::function<double(std::int64_t prompt_tokens)> ideal_prefill_ns;

  std::int64_t TtftLimitNs(std::int64_t prompt_tokens) const;
  bool IsMet(const RequestRecord& record) const;
};

/// Errors: InvalidArgument with all limits that are negative, not finite or not a share.
Status ValidateSlo(const Slo& slo);

/// The figures of one request, -1 where it did not get that far. docs/metrics.md defines them.
std::int64_t TtftNs(const RequestRecord& record);
std::int64_t EndToEndNs(const RequestRecord& record);
/// 0 for a request of one output token.
std::int64_t TpotNs(const RequestRecord& record);

}  // namespace braid
