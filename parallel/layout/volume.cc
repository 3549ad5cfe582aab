#include "parallel/layout/volume.h"

namespace braid {
namespace {

constexpr std::uint64_t kFloatBytes = 4;

std::uint64_t Peers(int size) { return static_cast<std::uint64_t>(size - 1); }

/// Bytes of the index-th of `size` slices of a vector of f32.
std::uint64_t SliceBytes(int size, int index, std::uint64_t bytes) {
  const std::uint64_t count = bytes / kFloatBytes;
  const auto parts = static_cast<std::uint64_t>(size);
  const bool longer = static_cast<std::uint64_t>(index) < count % parts;
  return (count / parts + (longer ? 1 : 0)) * kFloatBytes;
}

}  // namespace

std::uint64_t MessagesOf(std::uint64_t bytes) {
  return (bytes + kVolumeChunkBytes - 1) / kVolumeChunkBytes;
}

std::uint64_t AllReduceBytesSent(int size, int index, std::uint64_t bytes) {
  if (size == 1) return 0;
  if (bytes <= kVolumeAllReduceDirectBytes) return Peers(size) * bytes;
  // The other slices to their owners once, the own one's sum to every peer.
  const std::uint64_t mine = SliceBytes(size, index, bytes);
  return bytes - mine + Peers(size) * mine;
}

std::uint64_t AllReduceMessagesSent(int size, int index, std::uint64_t bytes) {
  if (size == 1) return 0;
  if (bytes <= kVolumeAllReduceDirectBytes) return Peers(size) * MessagesOf(bytes);
  std::uint64_t messages = Peers(size) * MessagesOf(SliceBytes(size, index, bytes));
  for (int peer = 0; peer < size; ++peer) {
    if (peer != index) messages += MessagesOf(SliceBytes(size, peer, bytes));
  }
  return messages;
}

std::uint64_t AllGatherBytesSent(int size, std::uint64_t block_bytes) {
  return Peers(size) * block_bytes;
}

std::uint64_t AllGatherMessagesSent(int size, std::uint64_t block_bytes) {
  return Peers(size) * MessagesOf(block_bytes);
}

std::uint64_t GatherBytesSent(int index, int root_index, std::uint64_t block_bytes) {
  return index == root_index ? 0 : block_bytes;
}

std::uint64_t GatherMessagesSent(int index, int root_index, std::uint64_t block_bytes) {
  return index == root_index ? 0 : MessagesOf(block_bytes);
}

std::uint64_t BroadcastBytesSent(const BroadcastShape& shape, int index) {
  return index == shape.root_index ? Peers(shape.size) * shape.bytes : 0;
}

std::uint64_t BroadcastMessagesSent(const BroadcastShape& shape, int index) {
  return index == shape.root_index ? Peers(shape.size) * MessagesOf(shape.bytes) : 0;
}

std::uint64_t BarrierMessagesSent(int size) { return Peers(size); }

}  // namespace braid
