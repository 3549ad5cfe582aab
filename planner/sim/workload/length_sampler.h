#pragma once

#include "planner/sim/workload/random.h"
#include "planner/sim/workload/workload_spec.h"

#include <cstdint>

namespace braid {

/// Draws lengths of one distribution. Constant memory whatever the range.
/// Cost:   of a draw below 0.2 us; a log-normal far outside its range up to 64 normals.
/// Source: Zipf by rejection-inversion, Hörmann and Derflinger, "Rejection-inversion to generate
///         variates from monotone discrete distributions", 1996.
/// Thread: immutable; any.
class LengthSampler {
 public:
  /// `spec` has passed ValidateWorkloadSpec.
  explicit LengthSampler(const LengthSpec& spec);

  std::int64_t Draw(Random& random) const;

 private:
  std::int64_t DrawZipf(Random& random) const;
  std::int64_t DrawLogNormal(Random& random) const;
  double ZipfWeight(double x) const;
  double ZipfIntegral(double x) const;
  double ZipfInverse(double area) const;

  LengthSpec spec_;
  double log_median_ = 0;
  double first_area_ = 0;  // of the hat, before the first length
  double last_area_ = 0;
  double sure_ = 0;  // a candidate this close below its length needs no test
};

}  // namespace braid
