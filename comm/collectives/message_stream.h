#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {

/// Payloads longer than this travel as several messages, so that work on one piece overlaps the
/// transfer of the next and no single poll takes long. parallel/layout/volume counts with the same
/// figure; a test holds the two together.
inline constexpr std::size_t kChunkBytes = 128 * 1024;

/// Messages in one direction between this rank and one peer, finished in the order in which they
/// were started, with at most kWindow in flight. Only the oldest is ever tested, so polling costs
/// one Test however many there are.
/// Thread: rank thread only.
class MessageStream {
 public:
  static constexpr std::uint32_t kWindow = 4;

  MessageStream() = default;
  explicit MessageStream(int peer) : peer_(peer) {}

  int peer() const { return peer_; }
  std::uint32_t started() const { return started_; }
  std::uint32_t finished() const { return finished_; }
  bool full() const { return started_ - finished_ == kWindow; }

  /// Starts the next message; the stream must not be full.
  Status Send(Transport& transport, const MessageTag& tag, std::span<const std::byte> data);
  Status Receive(Transport& transport, const MessageTag& tag, std::span<std::byte> data);

  /// Takes note of the messages that have finished.
  Status Poll(Transport& transport);

 private:
  int peer_ = -1;
  std::uint32_t started_ = 0;
  std::uint32_t finished_ = 0;
  std::array<Ticket, kWindow> tickets_{};  // message k at k % kWindow
};

/// One buffer sent to (or received from) one peer in pieces of kChunkBytes; an empty one is a
/// single message of zero bytes.
/// Thread: rank thread only.
class ChunkedFlow {
 public:
  static ChunkedFlow Sending(int peer, std::span<const std::byte> data);
  static ChunkedFlow Receiving(int peer, std::span<std::byte> data);

  /// Starts what may start; true when all of it has gone (or come).
  Result<bool> Advance(Transport& transport, const MessageTag& tag);

  int peer() const { return stream_.peer(); }
  bool receiving() const { return receiving_; }
  bool done() const { return stream_.finished() == num_messages_; }
  std::uint32_t messages_left() const { return num_messages_ - stream_.finished(); }

 private:
  ChunkedFlow(int peer, bool receiving, std::size_t bytes);

  MessageStream stream_;
  bool receiving_;
  const std::byte* source_ = nullptr;  // of a sending flow
  std::byte* target_ = nullptr;        // of a receiving flow
  std::size_t bytes_;
  std::uint32_t num_messages_;
};

}  // namespace braid
