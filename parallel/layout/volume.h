#pragma once

#include <cstdint>

namespace braid {

/// Payload bytes and messages that one rank sends in each collective of comm/collectives: the
/// formulas of their docstrings, exact to the byte, for the planner and for tests that hold the
/// measured traffic against them. Headers of a transport are not payload. `size` is the number of
/// ranks in the group, `index` this rank's place in it.

/// Payloads longer than this travel as several messages.
inline constexpr std::uint64_t kVolumeChunkBytes = 128 * 1024;

/// All-reduces up to this many bytes send the whole vector to everyone; longer ones go by slices.
inline constexpr std::uint64_t kVolumeAllReduceDirectBytes = 16 * 1024;

/// Messages of one payload: one a chunk, none for an empty one.
std::uint64_t MessagesOf(std::uint64_t bytes);

/// `bytes` of f32 (a multiple of 4) summed over the group.
/// Short: (size - 1) * bytes. Long: bytes + (size - 2) * slice(index), where slice(index) is the
/// index-th of `size` parts of the vector, the first ones one number longer where it does not
/// divide; over all ranks 2 * (size - 1) * bytes.
std::uint64_t AllReduceBytesSent(int size, int index, std::uint64_t bytes);
std::uint64_t AllReduceMessagesSent(int size, int index, std::uint64_t bytes);

/// This rank's block to each of the others: (size - 1) * block_bytes.
std::uint64_t AllGatherBytesSent(int size, std::uint64_t block_bytes);
std::uint64_t AllGatherMessagesSent(int size, std::uint64_t block_bytes);

/// This rank's block to the root: block_bytes, nothing on the root itself.
std::uint64_t GatherBytesSent(int index, int root_index, std::uint64_t block_bytes);
std::uint64_t GatherMessagesSent(int index, int root_index, std::uint64_t block_bytes);

/// What a broadcast sends from one rank: (size - 1) * bytes on the root, nothing elsewhere.
struct BroadcastShape {
  int size = 1;
  int root_index = 0;
  std::uint64_t bytes = 0;
};
std::uint64_t BroadcastBytesSent(const BroadcastShape& shape, int index);
std::uint64_t BroadcastMessagesSent(const BroadcastShape& shape, int index);

/// A barrier sends size - 1 messages of no bytes from each rank.
std::uint64_t BarrierMessagesSent(int size);

}  // namespace braid
