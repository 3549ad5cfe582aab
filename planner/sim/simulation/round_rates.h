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
/// Cost: a lookup; 0.1 to 5 ms where the combination is new.
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
