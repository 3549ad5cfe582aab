#pragma once

#include "planner/sim/request_record.h"

#include <utility>
#include <vector>

namespace braid {

/// Passes all that happens on to several observers, in the order given.
/// Thread: one. The observers are the caller's and outlive this.
class TeeObserver final : public Observer {
 public:
  explicit TeeObserver(std::vector<Observer*> observers) : observers_(std::move(observers)) {}

  void OnFinished(const RequestRecord& record) override {
    for (Observer* observer : observers_) observer->OnFinished(record);
  }
  void OnStep(const StepSpan& span) override {
    for (Observer* observer : observers_) observer->OnStep(span);
  }
  void OnScaling(std::int64_t time_ns, ScalingEvent event) override {
    for (Observer* observer : observers_) observer->OnScaling(time_ns, event);
  }
  void OnKv(std::int64_t time_ns, std::int64_t used_slots) override {
    for (Observer* observer : observers_) observer->OnKv(time_ns, used_slots);
  }

 private:
  std::vector<Observer*> observers_;
};

}  // namespace braid
