#include "comm/mpi/staging.h"

namespace braid {

WireHeader WireHeader::Of(const Envelope& envelope) {
  WireHeader header;
  header.channel = envelope.tag.channel;
  header.operation = envelope.tag.operation;
  header.step = envelope.tag.step;
  header.bytes = envelope.bytes;
  return header;
}

Envelope WireHeader::envelope() const {
  return {.tag = {.channel = channel, .operation = operation, .step = step}, .bytes = bytes};
}

std::byte* StagingPool::Take() {
  if (free_.empty()) {
    buffers_.push_back(std::make_unique<std::byte[]>(buffer_bytes_));
    return buffers_.back().get();
  }
  std::byte* buffer = free_.back();
  free_.pop_back();
  return buffer;
}

void StagingPool::Abandon() {
  for (std::unique_ptr<std::byte[]>& buffer : buffers_) static_cast<void>(buffer.release());
  buffers_.clear();
  free_.clear();
}

}  // namespace braid
