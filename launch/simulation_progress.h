#pragma once

#include "launch/interrupt.h"
#include "launch/status_line.h"
#include "planner/sim/simulation/goodput.h"
#include "planner/sim/simulation/simulation.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace braid {

/// Shows how far simulations are, and ends them at Ctrl-C.
/// Thread: one; make it before others start.
class SimulationProgress {
 public:
  explicit SimulationProgress(CommandContext& context);

  /// A new run; `total` requests are expected, 0: nobody knows.
  void Begin(std::string what, std::int64_t total);
  ProgressCheck check();
  void Clear() { line_.Clear(); }
  bool interrupted() const { return watch_.interrupted(); }

 private:
  using Clock = std::chrono::steady_clock;
  void Show(std::uint64_t finished, std::int64_t now_ns);

  InterruptWatch watch_;
  StatusLine line_;
  std::string what_;
  std::int64_t total_ = 0;
  Clock::time_point begun_;
  Clock::time_point shown_;
};

/// How many requests `workload` will have, 0 where only reading a whole trace would tell.
std::int64_t ExpectedRequests(const WorkloadSpec& workload);

}  // namespace braid
