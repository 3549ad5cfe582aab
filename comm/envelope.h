#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <cstdint>
#include <string>

namespace braid {

/// What the outside of a message says: which communication it belongs to and how long it is. Every
/// transport carries it with the payload and compares it with what the receiver waits for.
struct Envelope {
  MessageTag tag;
  std::uint64_t bytes = 0;

  bool operator==(const Envelope&) const = default;
};

/// "step 5, operation 3, channel 1, 4096 bytes".
std::string Describe(const Envelope& envelope);

/// "rank 2 (node7)".
std::string RankOnHost(const Transport& transport, int rank);

/// The error of a receiver whose peer runs something else; names both sides' values.
Status MismatchError(const Transport& receiver, int sender, const Envelope& expected,
                     const Envelope& came);

/// The error that peers of a failing rank see: its words, and who said them.
Status PeerFailedError(const std::string& rank_on_host, const std::string& words);

/// The error of a rank that depends on one which ended without Close.
Status PeerGoneError(const Transport& transport, int peer);

}  // namespace braid
