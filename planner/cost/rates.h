#pragma once

#include "base/status.h"
#include "planner/cost/profile.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace braid {

/// What a device spends time on. Every time of the cost model is a sum of amounts of these times
/// what one of each takes, so that what is learned on one model or split holds for others.
enum class Rate : std::uint8_t {
  kMatMulFlop,
  kAttentionFlop,  ///< of prompts
  kMemoryByte,     ///< weights and activations
  kKvByte,         ///< KV that a decode reads
  kAllReduceByte,  ///< bytes that one rank sends
  kPeerByte,       ///< bytes that one rank sends to another of its node
  kPrefillLaunch,  ///< a compute task of a step with prompts
  kDecodeLaunch,   ///< a compute task of a step without
  kRingStep,       ///< one more block of a ring
  kExchangeStep,   ///< an exchange of queries and partial results
  kSampledRow,     ///< a row that yields a token
  kNone,
};
inline constexpr std::size_t kNumRates = static_cast<std::size_t>(Rate::kNone);

std::string_view RateName(Rate rate);

/// ns of one unit of each.
struct Rates {
  std::array<double, kNumRates> ns = {};

  double& operator[](Rate rate) { return ns[static_cast<std::size_t>(rate)]; }
  double operator[](Rate rate) const { return ns[static_cast<std::size_t>(rate)]; }
};

/// Bytes of one element as it is stored, computed with and sent.
struct Precision {
  double weight_bytes = 2;
  double kv_bytes = 2;
  double activation_bytes = 2;

  bool operator==(const Precision&) const = default;
};

/// The precision that the profile's figures state.
Precision PrecisionOf(const Profile& profile);

/// Rates as the profile states them: bandwidths and arithmetic at their efficiencies.
/// Errors: FailedPrecondition where the profile has no arithmetic of that precision.
Result<Rates> RooflineRates(const Profile& profile, const Precision& precision);

/// The least that each can take: efficiencies of 1, launches of 0. No fit goes below.
/// Errors: as RooflineRates.
Result<Rates> PeakRates(const Profile& profile, const Precision& precision);

}  // namespace braid
