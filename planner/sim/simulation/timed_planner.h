#pragma once

#include "plan/planner.h"
#include "planner/sim/report/log_histogram.h"

#include <chrono>
#include <cstdint>

namespace braid {

/// Times another planner's calls; changes nothing.
class TimedPlanner final : public Planner {
 public:
  explicit TimedPlanner(Planner& planner) : planner_(planner) {}

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override {
    const auto before = std::chrono::steady_clock::now();
    planner_.Plan(view, events, sink);
    const auto taken = std::chrono::steady_clock::now() - before;
    const std::int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
    total_ns_ += ns;
    calls_ns_.Add(ns);
  }

  double seconds() const { return static_cast<double>(total_ns_) * 1e-9; }
  double QuantileUs(double quantile) const {
    return static_cast<double>(calls_ns_.Quantile(quantile)) * 1e-3;
  }

 private:
  Planner& planner_;
  LogHistogram calls_ns_;
  std::int64_t total_ns_ = 0;
};

}  // namespace braid
