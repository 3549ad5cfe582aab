#pragma once

#include "plan/request.h"

#include <cstdint>

namespace braid {

/// What became of one request; written when it ends, or when the run does. -1: never happened.
struct RequestRecord {
  Request request;
  std::int64_t first_scheduled_ns = -1;  ///< start of its first step
  std::int64_t first_token_ns = -1;      ///< end of the step that sampled its first token
  std::int64_t finish_ns = -1;           ///< end of the step that sampled its last token
  std::int64_t longest_gap_ns = 0;       ///< between two of its tokens
  std::int32_t prefill_degree = 0;       ///< largest number of instances that prefilled it together
  std::int32_t decode_degree = 0;        ///< largest number that attended for it while decoding
  std::int32_t num_chunks = 0;           ///< prefill steps it took part in
  std::int32_t num_evictions = 0;        ///< times its KV was dropped or swapped out
  bool rejected = false;                 ///< never could run; also unfinished
};

/// A fact of the run beside its requests.
enum class ScalingEvent : std::uint8_t { kScaleUp, kScaleDown, kMove, kEvict, kSwap };

/// Where the simulation says what happens; metrics, CSV and traces listen. Called in order of time.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Once for every request that arrived, those rejected or unfinished at the end of the run too.
  virtual void OnFinished(const RequestRecord& /*record*/) {}
  /// A step (or a run of `repeats` equal decode steps) occupied `instances` from start to end.
  struct StepSpan {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    const std::int32_t* instances = nullptr;
    std::int32_t num_instances = 0;
    std::int32_t strand = 0;
    std::int32_t repeats = 1;
    std::int64_t prefill_rows = 0;
    std::int64_t decode_rows = 0;  ///< of one repeat
    std::int64_t compute_ns = 0;   ///< busy time of the compute lane, all repeats
    std::int64_t network_ns = 0;
    bool move = false;
  };
  virtual void OnStep(const StepSpan& /*span*/) {}
  virtual void OnScaling(std::int64_t /*time_ns*/, ScalingEvent /*event*/) {}
  /// KV slots in use over all instances, after a change.
  virtual void OnKv(std::int64_t /*time_ns*/, std::int64_t /*used_slots*/) {}
};

}  // namespace braid
