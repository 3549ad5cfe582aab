#pragma once

#include "base/status.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A point in time after which waiting is an error.
using Deadline = std::chrono::steady_clock::time_point;

/// What a message is, carried with it and compared by the receiver: two ranks that run different
/// things must find out at once instead of adding wrong numbers or waiting for ever.
struct MessageTag {
  std::uint32_t channel = 0;    ///< 0 is control; strand slot s uses channel s + 1
  std::uint32_t operation = 0;  ///< index of the communication within its step
  std::uint64_t step = 0;       ///< number of the step in the log

  bool operator==(const MessageTag&) const = default;
};

/// One send or receive in flight; valid until Test has answered true or an error.
struct Ticket {
  std::uint32_t index = 0;
};

/// Payload bytes and messages since the start, per peer; headers are not counted.
struct Traffic {
  std::vector<std::uint64_t> bytes_sent;         ///< [size]
  std::vector<std::uint64_t> bytes_received;     ///< [size]
  std::vector<std::uint64_t> messages_sent;      ///< [size]
  std::vector<std::uint64_t> messages_received;  ///< [size]
};

/// Non-blocking messages between the ranks of one job. Nothing here waits, but for Close.
///
/// Messages from one rank to another on one channel arrive in the order in which they were sent,
/// and receives are matched in the order in which they were posted; channels are independent.
/// Thread: rank thread only (each rank has its own object).
class Transport {
 public:
  virtual ~Transport() = default;

  int rank() const { return rank_; }
  int size() const { return size_; }
  const Traffic& traffic() const { return traffic_; }

  /// "inproc", "mpi".
  virtual std::string name() const = 0;

  /// Host of `peer`, for messages to people.
  virtual std::string host(int peer) const = 0;

  /// Starts sending; `data` must stay unchanged until Test answers. Zero bytes are a message too.
  /// Errors: InvalidArgument for a peer that is not one; Aborted after an abort.
  Result<Ticket> Send(int peer, const MessageTag& tag, std::span<const std::byte> data);

  /// Starts receiving exactly data.size() bytes.
  /// Errors: as Send.
  Result<Ticket> Receive(int peer, const MessageTag& tag, std::span<std::byte> data);

  /// True when done; then the ticket is gone.
  /// Errors: Internal where the message that came has another tag or size than expected (naming
  /// both); Aborted, with the first failing rank's words, where any rank aborted; Unavailable where
  /// the peer is known to be dead. After an error the ticket is gone and the job must end.
  virtual Result<bool> Test(Ticket ticket) = 0;

  /// Tells all ranks that this one has failed, once; later calls of every rank answer Aborted.
  /// Does not wait. Call it before returning an error from between matched communications.
  virtual void Abort(const Status& status) = 0;

  /// OK, or why the job is over. Cheap; for loops that have nothing in flight.
  virtual Status Health() = 0;

  /// Holds `memory` until the transport is gone: after an error, messages in flight may still touch
  /// the buffers that they were given.
  void Keep(std::shared_ptr<void> memory) { kept_.push_back(std::move(memory)); }

  /// Orderly end: waits for all ranks to come here, at most until `deadline`; also after a failure
  /// that this rank knows of.
  /// Errors: DeadlineExceeded naming the ranks that did not come; Unavailable where one is dead;
  /// Aborted where another rank fails meanwhile; Internal where messages are still in flight.
  /// Again after success it does nothing; nothing else may be called then.
  virtual Status Close(Deadline deadline) = 0;

 protected:
  Transport(int rank, int size);

  virtual Result<Ticket> StartSend(int peer, const MessageTag& tag,
                                   std::span<const std::byte> data) = 0;
  virtual Result<Ticket> StartReceive(int peer, const MessageTag& tag,
                                      std::span<std::byte> data) = 0;

 private:
  int rank_;
  int size_;
  Traffic traffic_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace braid
