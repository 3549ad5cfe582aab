#pragma once

#include "base/status.h"

#include <cstdint>
#include <limits>

namespace braid {

/// A time that does not come.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// What a user asks for, as it arrives. Lengths are in tokens, times in integer nanoseconds of the
/// clock that the executor keeps (simulated or real), from the start of the run.
/// Thread: a value.
struct Request {
  std::uint64_t id = 0;
  std::int64_t arrival_ns = 0;
  std::int32_t prompt_tokens = 0;      ///< at least 1
  std::int32_t max_output_tokens = 0;  ///< what the user allows, at least 1; planners may read it
  /// How many tokens it will produce: 1 .. max_output_tokens. Only the clock reads it (it must know
  /// when the text ends), and planners where the user gave them an oracle.
  std::int32_t output_tokens = 0;
};

/// Where requests come from, in order of arrival.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  /// The next request into `request`; false at the end. Arrivals never go back in time.
  virtual bool Next(Request& request) = 0;
  /// After Next said false: why, where that is not the end (a trace that became unreadable).
  virtual Status status() const { return {}; }
};

}  // namespace braid
