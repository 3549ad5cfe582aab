#include "planner/cost/rates.h"

namespace braid {
namespace {

constexpr double kNsPerSecond = 1e9;

Result<double> FlopsOf(const Profile& profile, const Precision& precision) {
  const Figure* figure = &profile.flops_f16;
  const char* name = "flops_f16";
  if (precision.activation_bytes >= 4) {
    figure = &profile.flops_f32;
    name = "flops_f32";
  } else if (precision.activation_bytes < 2) {
    figure = &profile.flops_int8;
    name = "flops_int8";
  }
  if (figure->known()) return figure->value;
  return FailedPrecondition("the profile " + profile.name + " has no figure " + name +
                            ", which activations of " + std::to_string(precision.activation_bytes) +
                            " bytes need; add it, or plan with another precision");
}

}  // namespace

std::string_view RateName(Rate rate) {
  switch (rate) {
    case Rate::kMatMulFlop:
      return "matmul flop";
    case Rate::kAttentionFlop:
      return "attention flop";
    case Rate::kMemoryByte:
      return "memory byte";
    case Rate::kKvByte:
      return "KV byte";
    case Rate::kAllReduceByte:
      return "all-reduce byte";
    case Rate::kPeerByte:
      return "peer byte";
    case Rate::kPrefillLaunch:
      return "prefill launch";
    case Rate::kDecodeLaunch:
      return "decode launch";
    case Rate::kRingStep:
      return "ring step";
    case Rate::kExchangeStep:
      return "exchange step";
    case Rate::kSampledRow:
      return "sampled row";
    case Rate::kNone:
      break;
  }
  return "none";
}

Precision PrecisionOf(const Profile& profile) {
  return {.weight_bytes = profile.weight_bytes.value,
          .kv_bytes = profile.kv_bytes.value,
          .activation_bytes = profile.activation_bytes.value};
}

Result<Rates> PeakRates(const Profile& profile, const Precision& precision) {
  ASSIGN_OR_RETURN(const double flops, FlopsOf(profile, precision));
  Rates rates;
  rates[Rate::kMatMulFlop] = kNsPerSecond / flops;
  rates[Rate::kAttentionFlop] = kNsPerSecond / flops;
  rates[Rate::kMemoryByte] = kNsPerSecond / profile.memory_bandwidth.value;
  rates[Rate::kKvByte] = kNsPerSecond / profile.memory_bandwidth.value;
  rates[Rate::kAllReduceByte] = kNsPerSecond / profile.intra_node_bandwidth.value;
  rates[Rate::kPeerByte] = kNsPerSecond / profile.intra_node_bandwidth.value;
  return rates;
}

Result<Rates> RooflineRates(const Profile& profile, const Precision& precision) {
  ASSIGN_OR_RETURN(Rates rates, PeakRates(profile, precision));
  rates[Rate::kMatMulFlop] /= profile.matmul_efficiency.value;
  rates[Rate::kAttentionFlop] /= profile.attention_efficiency.value;
  rates[Rate::kMemoryByte] /= profile.memory_efficiency.value;
  rates[Rate::kKvByte] /= profile.kv_efficiency.value;
  rates[Rate::kAllReduceByte] /= profile.all_reduce_efficiency.value;
  rates[Rate::kPeerByte] /= profile.peer_efficiency.value;
  rates[Rate::kPrefillLaunch] = profile.prefill_launch_ns.value;
  rates[Rate::kDecodeLaunch] = profile.decode_launch_ns.value;
  rates[Rate::kRingStep] = profile.ring_step_ns.value;
  rates[Rate::kExchangeStep] = profile.exchange_step_ns.value;
  rates[Rate::kSampledRow] = profile.sampled_row_ns.value;
  return rates;
}

}  // namespace braid
