#pragma once

#include "planner/sim/workload/random.h"
#include "planner/sim/workload/workload_spec.h"

#include <cstdint>

namespace braid {

/// Simulated time ends here (146 years): a sum of gaps stops growing before it can overflow.
inline constexpr std::int64_t kLastArrivalNs = std::int64_t{1} << 62;

/// When generated requests arrive, in ns; the first at 0, never back in time.
/// Cost:   kLoongServe draws its gaps twice, the first time in the constructor, to know where the
///         last one would land; nothing is stored. Constant memory.
/// Source: kLoongServe as the released LoongServe (SOSP'24) makes its arrivals.
/// Thread: one.
class ArrivalProcess {
 public:
  struct Options {
    ArrivalSpec arrivals;  ///< not kDefault
    double rate = 1;       ///< requests a second
    std::int64_t num_requests = 1;
    std::uint64_t seed = 0;
  };
  explicit ArrivalProcess(const Options& options);

  std::int64_t Next();

 private:
  double GapNs();

  Options options_;
  Random random_;
  double mean_gap_ns_;
  double stretch_ = 1;      // of kLoongServe
  double unscaled_ns_ = 0;  // of kLoongServe
  std::int64_t index_ = 0;
  std::int64_t now_ns_ = 0;
};

}  // namespace braid
