#include "comm/inproc/mailbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace braid {

using State = InprocOperation::State;

InprocMailbox::Lane& InprocMailbox::LaneOf(std::uint32_t channel) {
  for (Lane& lane : lanes_) {
    if (lane.channel == channel) return lane;
  }
  lanes_.emplace_back().channel = channel;
  return lanes_.back();
}

std::vector<std::byte> InprocMailbox::CopyAside(const InprocOperation& send) {
  std::vector<std::byte> copy;
  if (!spare_.empty()) {
    copy = std::move(spare_.back());
    spare_.pop_back();
  }
  copy.assign(send.source, send.source + send.envelope.bytes);
  return copy;
}

void InprocMailbox::Deliver(const std::byte* payload, const Envelope& envelope,
                            InprocOperation& receive) {
  if (envelope != receive.envelope) {
    receive.came = envelope;
    receive.state.store(State::kMismatch, std::memory_order_release);
    return;
  }
  if (envelope.bytes > 0) std::memcpy(receive.target, payload, envelope.bytes);
  receive.state.store(State::kDone, std::memory_order_release);
}

void InprocMailbox::Send(InprocOperation& send) {
  const std::lock_guard lock(mutex_);
  Lane& lane = LaneOf(send.envelope.tag.channel);
  if (!lane.receives.empty()) {
    Deliver(send.source, send.envelope, *lane.receives.front());
    lane.receives.pop_front();
    send.state.store(State::kDone, std::memory_order_release);
    return;
  }
  Parcel& parcel = lane.parcels.emplace_back();
  parcel.envelope = send.envelope;
  if (send.envelope.bytes > kCopiedBytes) {
    parcel.send = &send;
    return;
  }
  parcel.copy = CopyAside(send);
  send.state.store(State::kDone, std::memory_order_release);
}

void InprocMailbox::Receive(InprocOperation& receive) {
  const std::lock_guard lock(mutex_);
  Lane& lane = LaneOf(receive.envelope.tag.channel);
  if (lane.parcels.empty()) {
    lane.receives.push_back(&receive);
    return;
  }
  Parcel& parcel = lane.parcels.front();
  if (parcel.send != nullptr) {
    Deliver(parcel.send->source, parcel.envelope, receive);
    parcel.send->state.store(State::kDone, std::memory_order_release);
  } else {
    Deliver(parcel.copy.data(), parcel.envelope, receive);
    spare_.push_back(std::move(parcel.copy));
  }
  lane.parcels.pop_front();
}

void InprocMailbox::DropSends() {
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) {
    std::erase_if(lane.parcels, [](const Parcel& parcel) { return parcel.send != nullptr; });
  }
}

void InprocMailbox::DropReceives() {
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) lane.receives.clear();
}

}  // namespace braid
