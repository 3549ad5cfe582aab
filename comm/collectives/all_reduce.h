#pragma once

#include "comm/collectives/collective.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// Vectors up to here are exchanged whole, longer ones by slices.
inline constexpr std::size_t kAllReduceDirectBytes = 16 * 1024;

/// Sums a vector over the group, in place: every member ends with
/// ((v0 + v1) + v2) + ... in order of group index, the same bits on every rank and whatever the
/// algorithm, the chunks and the arrival of messages.
///
/// Short (bytes <= kAllReduceDirectBytes): everyone sends its vector to everyone and adds all.
/// Cost:   1 step; each rank sends (size - 1) * bytes in size - 1 messages.
///
/// Long: rank i owns slice i (count / size numbers, one more for the first count % size ranks).
/// Everyone sends each owner its slice; the owner adds chunk by chunk and sends each finished chunk
/// to everyone. Adding one chunk overlaps the transfer of the next.
/// Cost:   2 steps; rank i sends bytes + (size - 2) * slice_i, about 2 * bytes * (size-1) / size,
///         in messages of at most kChunkBytes; adds slice_i * (size - 1) numbers.
/// Memory: scratch kept for the next use: (size - 1) * bytes short, (size - 1) * 512 KiB long.
/// An empty vector sends nothing.
class AllReduce final : public Collective {
 public:
  AllReduce() : Collective("all-reduce") {}

  /// `data` has the same size on all members.
  Status Start(const CollectiveCall& call, std::span<float> data);

 private:
  // Long vectors. To peer p go first the chunks of p's slice, then those of my sum; from p come
  // first the chunks of my slice, then those of p's sum.
  struct PeerStreams {
    int index = 0;  // in the group
    MessageStream send;
    MessageStream receive;
  };
  struct Slice {
    std::size_t begin = 0;
    std::size_t count = 0;
    std::uint32_t num_chunks = 0;
  };

  Result<bool> Advance() override;
  int WaitingFor() const override;
  void KeepScratch() override;

  void StartDirect();
  void StartSliced();
  Result<bool> AdvanceDirect();
  Result<bool> AdvanceSliced();
  Status SendChunks(PeerStreams& peer);
  Status ReceiveChunks(PeerStreams& peer);
  bool NextChunkArrived() const;
  void AddNextChunk();

  Slice SliceOf(int group_index) const;
  std::span<float> ChunkOf(const Slice& slice, std::uint32_t chunk) const;
  float* ScratchOf(int group_index, std::uint32_t chunk);

  std::span<float> data_;
  bool direct_ = true;
  std::vector<PeerStreams> peers_;
  Slice mine_;
  std::uint32_t num_added_ = 0;  // chunks of my slice
  std::vector<float> scratch_;
  std::vector<const float*> pieces_;  // [size], of one sum
};

}  // namespace braid
