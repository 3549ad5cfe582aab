#include "comm/transport.h"

namespace braid {
namespace {

Status NotAPeer(int rank, int size, int peer) {
  return InvalidArgument("rank " + std::to_string(rank) + " has no peer " + std::to_string(peer) +
                         " (the job has ranks 0 to " + std::to_string(size - 1) +
                         ", and a rank sends nothing to itself)");
}

}  // namespace

Transport::Transport(int rank, int size) : rank_(rank), size_(size) {
  const auto count = static_cast<std::size_t>(size);
  traffic_.bytes_sent.resize(count);
  traffic_.bytes_received.resize(count);
  traffic_.messages_sent.resize(count);
  traffic_.messages_received.resize(count);
}

Result<Ticket> Transport::Send(int peer, const MessageTag& tag, std::span<const std::byte> data) {
  if (peer < 0 || peer >= size_ || peer == rank_) return NotAPeer(rank_, size_, peer);
  ASSIGN_OR_RETURN(const Ticket ticket, StartSend(peer, tag, data));
  traffic_.bytes_sent[static_cast<std::size_t>(peer)] += data.size();
  traffic_.messages_sent[static_cast<std::size_t>(peer)] += 1;
  return ticket;
}

Result<Ticket> Transport::Receive(int peer, const MessageTag& tag, std::span<std::byte> data) {
  if (peer < 0 || peer >= size_ || peer == rank_) return NotAPeer(rank_, size_, peer);
  ASSIGN_OR_RETURN(const Ticket ticket, StartReceive(peer, tag, data));
  traffic_.bytes_received[static_cast<std::size_t>(peer)] += data.size();
  traffic_.messages_received[static_cast<std::size_t>(peer)] += 1;
  return ticket;
}

}  // namespace braid
