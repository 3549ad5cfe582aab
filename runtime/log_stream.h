#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// What an entry of the log asks of a rank.
enum class LogEntryKind : std::uint32_t {
  kStep = 1,    ///< run the encoded step in `body`
  kReport = 2,  ///< send a RankReport to rank 0
  kEnd = 3,     ///< the job is over; `body` is the verdict, empty for OK
};

struct LogEntry {
  LogEntryKind kind = LogEntryKind::kStep;
  std::uint64_t sequence = 0;  ///< 1, 2, ...: the place in the stream
  std::string body;
};

/// The fixed-size head of an entry on the wire; the body follows as a message of its own.
struct LogFrame {
  std::uint32_t kind = 0;
  std::uint32_t reserved = 0;
  std::uint64_t sequence = 0;
  std::uint64_t body_bytes = 0;
  std::uint64_t body_hash = 0;
};

/// Rank 0's end of the log: sends every entry to every other rank, first in, first out, on the
/// control channel, without waiting for any of them.
/// Thread: rank thread only.
class LogWriter {
 public:
  explicit LogWriter(Transport& transport) : transport_(&transport) {}

  Status Append(LogEntryKind kind, std::string body);

  /// Lets go of entries that all ranks have; true when none is left.
  Result<bool> Poll();

  std::uint64_t last_sequence() const { return sequence_; }

  /// Where Poll answered false: a rank that has not taken the oldest entry yet.
  int waiting_for() const { return in_flight_.front().sends.back().peer; }

 private:
  struct Sent {
    int peer;
    Ticket ticket;
  };
  struct InFlight {
    LogFrame frame;
    std::string body;
    std::vector<Sent> sends;
  };

  Transport* transport_;
  std::uint64_t sequence_ = 0;
  std::deque<InFlight> in_flight_;  // addresses must stay: messages point here
};

/// The other ranks' end: hands out the entries in order.
/// Thread: rank thread only.
class LogReader {
 public:
  explicit LogReader(Transport& transport) : transport_(&transport) {}

  /// The next entry if it is here.
  /// Errors: Internal where the stream is out of order or damaged; those of the transport.
  Result<std::optional<LogEntry>> Poll();

 private:
  enum class State { kIdle, kFrame, kBody };

  Transport* transport_;
  State state_ = State::kIdle;
  Ticket ticket_;
  std::uint64_t sequence_ = 0;
  LogFrame frame_;
  std::string body_;
};

}  // namespace braid
