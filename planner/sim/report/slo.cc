#include "planner/sim/report/slo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace braid {

std::int64_t TtftNs(const RequestRecord& record) {
  return record.first_token_ns < 0 ? -1 : record.first_token_ns - record.request.arrival_ns;
}

std::int64_t EndToEndNs(const RequestRecord& record) {
  return record.finish_ns < 0 ? -1 : record.finish_ns - record.request.arrival_ns;
}

std::int64_t TpotNs(const RequestRecord& record) {
  if (record.finish_ns < 0 || record.first_token_ns < 0) return -1;
  const std::int64_t gaps = record.request.output_tokens - 1;
  return gaps < 1 ? 0 : (record.finish_ns - record.first_token_ns) / gaps;
}

std::int64_t Slo::TtftLimitNs(std::int64_t prompt_tokens) const {
  if (ttft_limit_ns > 0) return ttft_limit_ns;
  if (!ideal_prefill_ns) return ttft_floor_ns;
  const double scaled = ttft_factor * ideal_prefill_ns(prompt_tokens);
  constexpr double kMost = 0x1p62;
  return std::max(ttft_floor_ns, static_cast<std::int64_t>(std::clamp(scaled, 0.0, kMost)));
}

bool Slo::IsMet(const RequestRecord& record) const {
  if (record.finish_ns < 0) return false;
  return TtftNs(record) <= TtftLimitNs(record.request.prompt_tokens) &&
         TpotNs(record) <= tpot_limit_ns;
}

Status ValidateSlo(const Slo& slo) {
  std::string text;
  const auto require = [&](bool holds, std::string complaint) {
    if (!holds) text += (text.empty() ? "" : "; ") + std::move(complaint);
  };
  require(std::isfinite(slo.ttft_factor) && slo.ttft_factor >= 0,
          fmt::format("the TTFT factor is {:g}, but may be 0 or more", slo.ttft_factor));
  require(slo.ttft_floor_ns >= 0,
          fmt::format("the TTFT floor is {} ns, but may be 0 or more", slo.ttft_floor_ns));
  require(slo.ttft_limit_ns >= 0,
          fmt::format("the TTFT limit is {} ns, but must be above 0", slo.ttft_limit_ns));
  require(slo.tpot_limit_ns > 0,
          fmt::format("the TPOT limit is {} ns, but must be above 0", slo.tpot_limit_ns));
  const auto is_share = [](double share) { return share > 0 && share <= 1; };
  require(is_share(slo.attainment),
          fmt::format("the attainment is {:g}, but must be above 0 and at most 1", slo.attainment));
  require(is_share(slo.decile_attainment),
          fmt::format("the attainment of deciles is {:g}, but must be above 0 and at most 1",
                      slo.decile_attainment));
  return text.empty() ? Status() : InvalidArgument(text);
}

}  // namespace braid
