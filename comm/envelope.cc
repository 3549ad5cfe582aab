#include "comm/envelope.h"

namespace braid {

std::string Describe(const Envelope& envelope) {
  return "step " + std::to_string(envelope.tag.step) + ", operation " +
         std::to_string(envelope.tag.operation) + ", channel " +
         std::to_string(envelope.tag.channel) + ", " + std::to_string(envelope.bytes) + " bytes";
}

std::string RankOnHost(const Transport& transport, int rank) {
  return "rank " + std::to_string(rank) + " (" + transport.host(rank) + ")";
}

Status MismatchError(const Transport& receiver, int sender, const Envelope& expected,
                     const Envelope& came) {
  return Internal(RankOnHost(receiver, receiver.rank()) + " expected a message of " +
                  Describe(expected) + " from " + RankOnHost(receiver, sender) +
                  ", which sent one of " + Describe(came) +
                  ": the two ranks run different programs");
}

Status PeerFailedError(const std::string& rank_on_host, const std::string& words) {
  return Aborted(rank_on_host + " failed: " + words);
}

Status PeerGoneError(const Transport& transport, int peer) {
  return Unavailable(RankOnHost(transport, peer) + " ended without closing its transport");
}

}  // namespace braid
