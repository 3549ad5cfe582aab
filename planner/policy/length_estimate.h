#pragma once

#include "plan/engine_view.h"

#include <algorithm>
#include <cstdint>

namespace braid {

/// How many more tokens a request will produce: known with an oracle, else the running mean of
/// those that finished, stretched for requests that outlive it.
/// Thread: one.
class LengthEstimate {
 public:
  explicit LengthEstimate(bool oracle) : oracle_(oracle) {}

  void Finished(std::int32_t generated) {
    mean_ += (static_cast<double>(generated) - mean_) / kWindow;
  }

  std::int64_t Left(const RequestState& state) const {
    if (oracle_) return std::max(0, state.request.output_tokens - state.generated);
    const double expected = std::max(mean_, kStretch * state.generated + 1);
    const double limit = state.request.max_output_tokens;
    return std::max<std::int64_t>(
        0, static_cast<std::int64_t>(std::min(expected, limit)) - state.generated);
  }

  /// Of the requests that finished lately.
  double Average() const { return mean_; }

  /// The most that the user allows: for promises that must hold.
  std::int64_t Most(const RequestState& state) const {
    const std::int32_t limit =
        oracle_ ? state.request.output_tokens : state.request.max_output_tokens;
    return std::max(0, limit - state.generated);
  }

 private:
  static constexpr double kWindow = 256;
  static constexpr double kStretch = 1.1;
  static constexpr double kPrior = 256;
  bool oracle_;
  double mean_ = kPrior;
};

}  // namespace braid
