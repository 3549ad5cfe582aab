#pragma once

#include "planner/cost/profile.h"

#include <array>
#include <string_view>

namespace braid {

/// One key of a profile's `figures`, and what its value may be.
struct FigureKey {
  std::string_view name;
  Figure Profile::*figure;
  double least;
  double most;
  bool required;
};

// The first number that nobody's device reaches, to catch a slipped exponent.
inline constexpr double kMostFlops = 1e18;
inline constexpr double kMostBytes = 1e17;
inline constexpr double kMostNs = 1e10;
inline constexpr double kMostContention = 16;

inline constexpr std::array kFigureKeys = {
    FigureKey{"flops_f32", &Profile::flops_f32, 1e6, kMostFlops, false},
    FigureKey{"flops_f16", &Profile::flops_f16, 1e6, kMostFlops, false},
    FigureKey{"flops_int8", &Profile::flops_int8, 1e6, kMostFlops, false},
    FigureKey{"memory_bandwidth", &Profile::memory_bandwidth, 1e6, kMostBytes, true},
    FigureKey{"memory_bytes", &Profile::memory_bytes, 1e6, kMostBytes, true},
    FigureKey{"usable_memory", &Profile::usable_memory, 0.01, 1, true},
    FigureKey{"workspace_bytes", &Profile::workspace_bytes, 0, kMostBytes, true},
    FigureKey{"intra_node_bandwidth", &Profile::intra_node_bandwidth, 1e3, kMostBytes, true},
    FigureKey{"intra_node_latency_ns", &Profile::intra_node_latency_ns, 0, kMostNs, true},
    FigureKey{"inter_node_bandwidth", &Profile::inter_node_bandwidth, 1e3, kMostBytes, true},
    FigureKey{"inter_node_latency_ns", &Profile::inter_node_latency_ns, 0, kMostNs, true},
    FigureKey{"host_bandwidth", &Profile::host_bandwidth, 1e3, kMostBytes, true},
    FigureKey{"host_latency_ns", &Profile::host_latency_ns, 0, kMostNs, true},
    FigureKey{"matmul_efficiency", &Profile::matmul_efficiency, 0.01, 1, true},
    FigureKey{"attention_efficiency", &Profile::attention_efficiency, 0.01, 1, true},
    FigureKey{"memory_efficiency", &Profile::memory_efficiency, 0.01, 1, true},
    FigureKey{"kv_efficiency", &Profile::kv_efficiency, 0.01, 1, true},
    FigureKey{"all_reduce_efficiency", &Profile::all_reduce_efficiency, 0.01, 1, true},
    FigureKey{"peer_efficiency", &Profile::peer_efficiency, 0.01, 1, true},
    FigureKey{"step_overhead_ns", &Profile::step_overhead_ns, 0, kMostNs, true},
    FigureKey{"prefill_launch_ns", &Profile::prefill_launch_ns, 0, kMostNs, true},
    FigureKey{"decode_launch_ns", &Profile::decode_launch_ns, 0, kMostNs, true},
    FigureKey{"ring_step_ns", &Profile::ring_step_ns, 0, kMostNs, true},
    FigureKey{"exchange_step_ns", &Profile::exchange_step_ns, 0, kMostNs, true},
    FigureKey{"sampled_row_ns", &Profile::sampled_row_ns, 0, kMostNs, true},
    FigureKey{"all_reduce_hop_ns", &Profile::all_reduce_hop_ns, 0, kMostNs, true},
    FigureKey{"weight_bytes", &Profile::weight_bytes, 0.1, 8, true},
    FigureKey{"kv_bytes", &Profile::kv_bytes, 0.1, 8, true},
    FigureKey{"activation_bytes", &Profile::activation_bytes, 1, 8, true},
    FigureKey{"contention_matmul_network", &Profile::contention_matmul_network, 1, kMostContention,
              true},
    FigureKey{"contention_attention_network", &Profile::contention_attention_network, 1,
              kMostContention, true},
    FigureKey{"contention_other_network", &Profile::contention_other_network, 1, kMostContention,
              true},
    FigureKey{"contention_network_matmul", &Profile::contention_network_matmul, 1, kMostContention,
              true},
    FigureKey{"contention_network_attention", &Profile::contention_network_attention, 1,
              kMostContention, true},
    FigureKey{"contention_network_other", &Profile::contention_network_other, 1, kMostContention,
              true},
};

}  // namespace braid
