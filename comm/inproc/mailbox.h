#pragma once

#include "comm/envelope.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace braid {

/// One send or receive of a rank that is a thread. The rank's transport owns it; while it is
/// pending, the mailbox between the two ranks may point at it.
struct InprocOperation {
  enum class State : std::uint8_t { kFree, kPending, kDone, kMismatch };

  /// Written with release by whichever side completes the pair, read with acquire by the owner; all
  /// other fields may be touched by the peer only before that.
  std::atomic<State> state = State::kFree;
  int peer = -1;
  Envelope envelope;
  const std::byte* source = nullptr;  ///< of a send
  std::byte* target = nullptr;        ///< of a receive
  Envelope came;                      ///< what was sent instead, where state is kMismatch
};

/// The messages from one rank to one other, in order per channel.
///
/// Whoever comes second copies: the payload goes from the sender's memory straight into the
/// receiver's. A small payload that no receive waits for is copied aside, so its sender is done at
/// once. Copies run under the lock of this pair, so after a Drop nobody touches the dropper's
/// memory.
/// Thread: any thread.
class InprocMailbox {
 public:
  /// Payloads up to here are copied aside when they come first.
  static constexpr std::size_t kCopiedBytes = 16384;

  void Send(InprocOperation& send);
  void Receive(InprocOperation& receive);

  /// Forgets what the sender (the receiver) still has pending here. Messages that were copied aside
  /// stay: they have been sent.
  void DropSends();
  void DropReceives();

 private:
  struct Parcel {
    Envelope envelope;
    InprocOperation* send = nullptr;  ///< null where `copy` holds the payload
    std::vector<std::byte> copy;
  };
  struct Lane {
    std::uint32_t channel = 0;
    std::deque<Parcel> parcels;             ///< sent, not yet waited for
    std::deque<InprocOperation*> receives;  ///< waited for, not yet sent; one of the two is empty
  };

  Lane& LaneOf(std::uint32_t channel);
  std::vector<std::byte> CopyAside(const InprocOperation& send);
  static void Deliver(const std::byte* payload, const Envelope& envelope, InprocOperation& receive);

  std::mutex mutex_;                           // guards all below and the copying
  std::deque<Lane> lanes_;                     // a handful of channels: searched in line
  std::vector<std::vector<std::byte>> spare_;  // buffers of delivered copies, to be used again
};

}  // namespace braid
