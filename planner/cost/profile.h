#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A number and where it comes from. A figure without a source is not accepted.
struct Figure {
  double value = 0;
  std::string source;

  bool known() const { return !source.empty(); }
};

/// The time that somebody measured for one step on this device.
struct CalibrationPoint {
  enum class What : std::uint8_t { kPrefill, kDecode };

  std::string model;  ///< a built-in model's name
  What what = What::kPrefill;
  std::int32_t tensor_size = 1;
  std::int32_t degree = 1;
  std::int32_t batch = 1;    ///< requests of the step
  std::int32_t length = 1;   ///< prefill: tokens of each prompt; decode: context of each request
  std::int32_t masters = 1;  ///< decode: instances that share its requests evenly
  double ns = 0;
  bool fit = false;  ///< the fit sees it; otherwise it only judges the fit
  std::string source;
};

/// A device, its links, how well programs use them, and measured steps that correct all of it.
/// Links are per direction. Efficiencies are fractions of the figure that they name; where
/// calibration points tell otherwise, the points win.
/// Thread: a value.
struct Profile {
  std::string name;

  Figure flops_f32;         ///< peak multiply-adds x 2 a second, f32 activations
  Figure flops_f16;         ///< ... f16 or bf16 activations
  Figure flops_int8;        ///< ... 8-bit activations
  Figure memory_bandwidth;  ///< bytes a second
  Figure memory_bytes;
  Figure usable_memory;    ///< fraction of memory_bytes that a server may fill
  Figure workspace_bytes;  ///< activations, staging and libraries of one device

  Figure intra_node_bandwidth;  ///< bytes a second of one device to others of its node
  Figure intra_node_latency_ns;
  Figure inter_node_bandwidth;  ///< bytes a second of a whole node to others
  Figure inter_node_latency_ns;
  Figure host_bandwidth;  ///< bytes a second between a device and host memory (swap)
  Figure host_latency_ns;

  Figure matmul_efficiency;      ///< of flops, products of many rows
  Figure attention_efficiency;   ///< of flops, prompts
  Figure memory_efficiency;      ///< of memory_bandwidth, weights and activations
  Figure kv_efficiency;          ///< of memory_bandwidth, the KV that a decode reads
  Figure all_reduce_efficiency;  ///< of intra_node_bandwidth, 2 (n - 1) / n of the bytes
  Figure peer_efficiency;        ///< of a link's bandwidth, one peer to another

  Figure step_overhead_ns;   ///< planning and host work before the first task of a step
  Figure prefill_launch_ns;  ///< of each compute task of a step with prompts
  Figure decode_launch_ns;   ///< of each compute task of a step without
  Figure ring_step_ns;       ///< each further block of a ring: launch and waiting for it
  Figure exchange_step_ns;   ///< a layer's exchange of queries and partial results
  Figure sampled_row_ns;     ///< each row that yields a token: sampling and bookkeeping
  Figure all_reduce_hop_ns;  ///< of each of the 2 (n - 1) steps of an all-reduce over n

  Figure weight_bytes;      ///< of one weight, fractions where weights are quantised in blocks
  Figure kv_bytes;          ///< of one element of a key or value
  Figure activation_bytes;  ///< of one activation, on the device and on the wire

  /// How much longer the first takes while the second runs on the same device; 1: no longer.
  Figure contention_matmul_network;
  Figure contention_attention_network;
  Figure contention_other_network;
  Figure contention_network_matmul;
  Figure contention_network_attention;
  Figure contention_network_other;

  std::vector<CalibrationPoint> points;
};

/// Reads a profile from YAML: `name`, `figures` (key: {value, source}) and `points`.
/// docs/cost_model.md lists the keys. Errors: InvalidArgument; all that is wrong, one line each, as
/// file:line:column: message.
Result<Profile> ParseProfile(std::string_view text, const std::string& file);

/// The same from a file of at most 1 MiB.
/// Errors: also NotFound where it cannot be read.
Result<Profile> LoadProfile(const std::string& path);

/// A profile that is part of the program. Errors: NotFound naming those that exist.
Result<Profile> BuiltinProfile(std::string_view name);
std::vector<std::string> BuiltinProfileNames();

/// A built-in profile by name, else a file by path.
/// Errors: as of BuiltinProfile where `name_or_path` looks like a name, else as of LoadProfile.
Result<Profile> FindProfile(const std::string& name_or_path);

}  // namespace braid
