#pragma once

#include "plan/program.h"

#include <cstdint>

namespace braid {

/// Payload that one rank sends.
struct SentTraffic {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;

  bool operator==(const SentTraffic&) const = default;
};

/// What a rank sends to run this template with these bindings, exactly: the sum of
/// parallel/layout/volume over its communications. The planner costs steps with it, and the tests
/// hold what transports count against it.
/// Cost: O(tasks of all layers).
SentTraffic PredictSent(const Template& tmpl, const Bindings& bindings);

}  // namespace braid
