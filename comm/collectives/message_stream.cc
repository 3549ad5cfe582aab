#include "comm/collectives/message_stream.h"

#include <algorithm>

namespace braid {

Status MessageStream::Send(Transport& transport, const MessageTag& tag,
                           std::span<const std::byte> data) {
  ASSIGN_OR_RETURN(tickets_[started_ % kWindow], transport.Send(peer_, tag, data));
  ++started_;
  return Status();
}

Status MessageStream::Receive(Transport& transport, const MessageTag& tag,
                              std::span<std::byte> data) {
  ASSIGN_OR_RETURN(tickets_[started_ % kWindow], transport.Receive(peer_, tag, data));
  ++started_;
  return Status();
}

Status MessageStream::Poll(Transport& transport) {
  while (finished_ < started_) {
    ASSIGN_OR_RETURN(const bool arrived, transport.Test(tickets_[finished_ % kWindow]));
    if (!arrived) break;
    ++finished_;
  }
  return Status();
}

ChunkedFlow::ChunkedFlow(int peer, bool receiving, std::size_t bytes)
    : stream_(peer),
      receiving_(receiving),
      bytes_(bytes),
      num_messages_(static_cast<std::uint32_t>(
          std::max<std::size_t>(1, (bytes + kChunkBytes - 1) / kChunkBytes))) {}

ChunkedFlow ChunkedFlow::Sending(int peer, std::span<const std::byte> data) {
  ChunkedFlow flow(peer, false, data.size());
  flow.source_ = data.data();
  return flow;
}

ChunkedFlow ChunkedFlow::Receiving(int peer, std::span<std::byte> data) {
  ChunkedFlow flow(peer, true, data.size());
  flow.target_ = data.data();
  return flow;
}

Result<bool> ChunkedFlow::Advance(Transport& transport, const MessageTag& tag) {
  RETURN_IF_ERROR(stream_.Poll(transport));
  while (stream_.started() < num_messages_ && !stream_.full()) {
    const std::size_t begin = stream_.started() * kChunkBytes;
    const std::size_t bytes = std::min(kChunkBytes, bytes_ - begin);
    if (receiving_) {
      RETURN_IF_ERROR(stream_.Receive(transport, tag, {target_ + begin, bytes}));
    } else {
      RETURN_IF_ERROR(stream_.Send(transport, tag, {source_ + begin, bytes}));
    }
  }
  return done();
}

}  // namespace braid
