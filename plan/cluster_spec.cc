#include "plan/cluster_spec.h"

namespace braid {
namespace {

std::string Number(std::int64_t value) { return std::to_string(value); }

Status CheckRange(const char* field, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return Status();
  return InvalidArgument(std::string(field) + " is " + Number(value) + ", but must be from " +
                         Number(least) + " to " + Number(most));
}

}  // namespace

Status ValidateClusterSpec(const ClusterSpec& spec) {
  constexpr std::int64_t kMostNodes = 4096;
  constexpr std::int64_t kMostDevices = 64;
  constexpr std::int64_t kMostSlots = 1'000'000'000;
  constexpr std::int64_t kMostStrands = 8;
  RETURN_IF_ERROR(CheckRange("nodes", spec.num_nodes, 1, kMostNodes));
  RETURN_IF_ERROR(CheckRange("devices-per-node", spec.devices_per_node, 1, kMostDevices));
  RETURN_IF_ERROR(CheckRange("tp", spec.tensor_size, 1, spec.devices_per_node));
  if (spec.devices_per_node % spec.tensor_size != 0) {
    return InvalidArgument("tp is " + Number(spec.tensor_size) + ", but must divide the " +
                           Number(spec.devices_per_node) + " devices of a node");
  }
  RETURN_IF_ERROR(CheckRange("kv-slots", spec.kv_slots, 0, kMostSlots));
  return CheckRange("strands", spec.max_strands, 1, kMostStrands);
}

}  // namespace braid
