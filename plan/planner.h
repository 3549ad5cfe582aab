#pragma once

#include "plan/engine_view.h"

#include <cstdint>
#include <span>
#include <string>

namespace braid {

/// Something that happened since the planner was last asked.
struct Event {
  enum class Kind : std::uint8_t {
    kArrival,    ///< `request` waits
    kFinished,   ///< `request` sampled its last token in `step`; its KV is free, its index soon
                 ///< reused
    kStepEnded,  ///< `step` ended; still to be seen in the view during this call. After its
                 ///< kFinished
    kNoMemory,   ///< the repeated step `step` ended because an instance has no slots for another
    kWake,       ///< the time that WakeAt named
  };
  Kind kind = Kind::kArrival;
  RequestIndex request = kNoIndex;
  StepIndex step = kNoIndex;
};

/// What became of an attempt to issue a step.
enum class Issued : std::uint8_t { kYes, kNoSlots, kNoStrand };

/// Where a planner puts its decisions. Rules that a plan breaks are bugs of the planner and end the
/// run with a message: requests idle, all owners of their KV in the group, chunks within what is
/// left, shares that add up.
class StepSink {
 public:
  virtual ~StepSink() = default;
  /// Starts `plan` now. kNoSlots: an instance lacks KV slots for it; kNoStrand: some instance
  /// carries max_strands already, or no strand slot is free on all. Then nothing happened.
  virtual Issued Issue(const StepPlan& plan) = 0;
  /// Says what is expected to be issued when the running step `after` ends, so that ranks may have
  /// it before; nothing is promised. One forecast per step, the last counts. If the call of Plan
  /// that hears of the end of `after` issues a step of the same work (SameWork), that step was
  /// planned ahead and waits for no planning; a forecast that does not come true is dropped then.
  virtual void Foresee(StepIndex /*after*/, const StepPlan& /*plan*/) {}
  /// Ends a repeated step at its next boundary.
  virtual void Stop(StepIndex step) = 0;
  /// Drops the KV of an idle request; it is prefilled again, prompt and generated tokens.
  virtual void Evict(RequestIndex request) = 0;
  /// Gives up a request that can never be served; `why` reaches the user.
  virtual void Reject(RequestIndex request, const std::string& why) = 0;
  /// Asks for a kWake event at `time_ns`.
  virtual void WakeAt(std::int64_t time_ns) = 0;
};

/// A policy: a deterministic transition (view, events, own memory) -> (steps, new memory). No I/O,
/// no clock, no randomness.
class Planner {
 public:
  virtual ~Planner() = default;
  virtual void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) = 0;
};

}  // namespace braid
