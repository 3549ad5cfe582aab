#pragma once

#include "base/status.h"
#include "planner/cost/cost_model.h"
#include "planner/sim/clock/co_run.h"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace braid {

/// How fast strands go beside each other in Liger's rounds: measured with the task clock on sizes
/// rounded to steps of about a third, and remembered.
/// Cost: a lookup; 0.1 to 0.6 ms where the combination is new.
/// How far to trust it: watched many times as long, P90s of runs that keep up with their traffic
/// change by 2 % or less in most cases, those of overloaded ones by up to 12 %; rounding the sizes
/// less does as much. In rounds a task just longer than a window stops its strand, so a little of
/// either decides over much.
/// Thread: one.
class RoundRates {
 public:
  explicit RoundRates(const CostModel& costs);

  struct Strand {
    StepSignature signature;
    StepSizes sizes;
  };
  /// Speeds in 1/1024 of the speed alone; `strands` begin with the oldest. Valid until the next
  /// call.
  std::span<const std::int64_t> Rates(std::span<const Strand> strands);

 private:
  const CostModel& costs_;
  Result<CoRun> rounds_;
  std::vector<std::int64_t> key_;
  std::map<std::vector<std::int64_t>, std::vector<std::int64_t>> known_;
};

}  // namespace braid
