#include "comm/collectives/all_reduce.h"

#include "comm/collectives/ordered_sum.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace braid {
namespace {

constexpr std::size_t kChunkFloats = kChunkBytes / sizeof(float);

}  // namespace

Status AllReduce::Start(const CollectiveCall& call, std::span<float> data) {
  RETURN_IF_ERROR(Begin(call));
  data_ = data;
  peers_.clear();
  direct_ = data.size_bytes() <= kAllReduceDirectBytes;
  if (group_size() == 1 || data.empty()) return Status();
  pieces_.resize(static_cast<std::size_t>(group_size()));
  if (direct_) {
    StartDirect();
  } else {
    StartSliced();
  }
  return Status();
}

Result<bool> AllReduce::Advance() {
  if (group_size() == 1 || data_.empty()) return true;
  return direct_ ? AdvanceDirect() : AdvanceSliced();
}

// Short vectors.

void AllReduce::StartDirect() {
  const std::size_t count = data_.size();
  const std::size_t needed = (pieces_.size() - 1) * count;
  if (scratch_.size() < needed) scratch_.resize(needed);
  float* next = scratch_.data();
  for (int i = 0; i < group_size(); ++i) {
    if (i == my_index()) {
      pieces_[static_cast<std::size_t>(i)] = data_.data();
      continue;
    }
    pieces_[static_cast<std::size_t>(i)] = next;
    AddReceive(i, std::as_writable_bytes(std::span(next, count)));
    AddSend(i, std::as_bytes(data_));
    next += count;
  }
}

Result<bool> AllReduce::AdvanceDirect() {
  // The sum overwrites what is being sent, so the sends must be over too.
  ASSIGN_OR_RETURN(const bool exchanged, AdvanceFlows());
  if (exchanged) SumInOrder(pieces_, data_.data(), data_.size());
  return exchanged;
}

// Long vectors.

AllReduce::Slice AllReduce::SliceOf(int group_index) const {
  const auto size = static_cast<std::size_t>(group_size());
  const auto index = static_cast<std::size_t>(group_index);
  const std::size_t base = data_.size() / size;
  const std::size_t longer = data_.size() % size;
  Slice slice;
  slice.begin = index * base + std::min(index, longer);
  slice.count = base + (index < longer ? 1 : 0);
  slice.num_chunks = static_cast<std::uint32_t>((slice.count + kChunkFloats - 1) / kChunkFloats);
  return slice;
}

std::span<float> AllReduce::ChunkOf(const Slice& slice, std::uint32_t chunk) const {
  const std::size_t begin = chunk * kChunkFloats;
  return data_.subspan(slice.begin + begin, std::min(kChunkFloats, slice.count - begin));
}

float* AllReduce::ScratchOf(int group_index, std::uint32_t chunk) {
  const int place = group_index < my_index() ? group_index : group_index - 1;
  const std::size_t stripe =
      static_cast<std::size_t>(place) * MessageStream::kWindow + chunk % MessageStream::kWindow;
  return scratch_.data() + stripe * std::min(kChunkFloats, mine_.count);
}

void AllReduce::StartSliced() {
  mine_ = SliceOf(my_index());
  num_added_ = 0;
  const std::size_t needed =
      (pieces_.size() - 1) * MessageStream::kWindow * std::min(kChunkFloats, mine_.count);
  if (scratch_.size() < needed) scratch_.resize(needed);
  for (int i = 0; i < group_size(); ++i) {
    if (i == my_index()) continue;
    peers_.push_back(
        {.index = i, .send = MessageStream(rank_of(i)), .receive = MessageStream(rank_of(i))});
  }
}

Result<bool> AllReduce::AdvanceSliced() {
  bool all_done = true;
  for (PeerStreams& peer : peers_) {
    RETURN_IF_ERROR(peer.send.Poll(transport()));
    RETURN_IF_ERROR(peer.receive.Poll(transport()));
  }
  // One chunk a call keeps the call short.
  if (num_added_ < mine_.num_chunks && NextChunkArrived()) AddNextChunk();
  for (PeerStreams& peer : peers_) {
    RETURN_IF_ERROR(ReceiveChunks(peer));
    RETURN_IF_ERROR(SendChunks(peer));
    const std::uint32_t total = mine_.num_chunks + SliceOf(peer.index).num_chunks;
    all_done = all_done && peer.send.finished() == total && peer.receive.finished() == total;
  }
  return all_done;
}

Status AllReduce::SendChunks(PeerStreams& peer) {
  const Slice theirs = SliceOf(peer.index);
  while (!peer.send.full()) {
    const std::uint32_t next = peer.send.started();
    std::span<float> chunk;
    if (next < theirs.num_chunks) {
      chunk = ChunkOf(theirs, next);
    } else if (next - theirs.num_chunks < num_added_) {
      chunk = ChunkOf(mine_, next - theirs.num_chunks);
    } else {
      break;
    }
    RETURN_IF_ERROR(peer.send.Send(transport(), call().tag, std::as_bytes(chunk)));
  }
  return Status();
}

Status AllReduce::ReceiveChunks(PeerStreams& peer) {
  const Slice theirs = SliceOf(peer.index);
  while (!peer.receive.full() && peer.receive.started() < mine_.num_chunks + theirs.num_chunks) {
    const std::uint32_t next = peer.receive.started();
    std::span<float> target;
    if (next < mine_.num_chunks) {
      // The scratch of chunk next - kWindow must have been added.
      if (next >= num_added_ + MessageStream::kWindow) break;
      target = {ScratchOf(peer.index, next), ChunkOf(mine_, next).size()};
    } else {
      // Their sum comes where my contribution to it lies: that must have gone.
      const std::uint32_t chunk = next - mine_.num_chunks;
      if (peer.send.finished() <= chunk) break;
      target = ChunkOf(theirs, chunk);
    }
    RETURN_IF_ERROR(peer.receive.Receive(transport(), call().tag, std::as_writable_bytes(target)));
  }
  return Status();
}

bool AllReduce::NextChunkArrived() const {
  return std::all_of(peers_.begin(), peers_.end(), [this](const PeerStreams& peer) {
    return peer.receive.finished() > num_added_;
  });
}

void AllReduce::AddNextChunk() {
  const std::span<float> sum = ChunkOf(mine_, num_added_);
  for (int i = 0; i < group_size(); ++i) {
    pieces_[static_cast<std::size_t>(i)] = i == my_index() ? sum.data() : ScratchOf(i, num_added_);
  }
  SumInOrder(pieces_, sum.data(), sum.size());
  ++num_added_;
}

void AllReduce::KeepScratch() {
  transport().Keep(std::make_shared<std::vector<float>>(std::move(scratch_)));
  scratch_ = {};
}

int AllReduce::WaitingFor() const {
  if (peers_.empty()) return Collective::WaitingFor();
  // A rank that is late is behind in what it sends; one that only waits for it has sent more.
  const auto behind = std::min_element(peers_.begin(), peers_.end(),
                                       [](const PeerStreams& a, const PeerStreams& b) {
                                         return a.receive.finished() < b.receive.finished();
                                       });
  return behind->receive.peer();
}

}  // namespace braid
