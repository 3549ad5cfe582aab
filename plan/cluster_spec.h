#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>

namespace braid {

/// The machines a plan may use: equal devices in equal nodes, cut into equal instances.
/// Thread: a value.
struct ClusterSpec {
  std::string profile = "a800-80gb";  ///< device and links: a built-in name or a path
  std::int32_t num_nodes = 1;
  std::int32_t devices_per_node = 8;
  std::int32_t tensor_size = 2;  ///< devices of an instance; divides devices_per_node
  /// KV slots of one instance; 0: what the device's memory leaves beside weights and activations.
  std::int64_t kv_slots = 0;
  std::int32_t max_strands = 3;  ///< steps that a rank carries at once

  bool operator==(const ClusterSpec&) const = default;

  std::int32_t num_devices() const { return num_nodes * devices_per_node; }
  std::int32_t num_instances() const { return num_devices() / tensor_size; }
  std::int32_t instances_per_node() const { return devices_per_node / tensor_size; }
};

/// Errors: InvalidArgument naming the field, its value and what it may be.
Status ValidateClusterSpec(const ClusterSpec& spec);

}  // namespace braid
