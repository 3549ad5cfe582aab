#include "comm/inproc/inproc_transport.h"

#include <chrono>
#include <thread>

namespace braid {

using State = InprocOperation::State;

InprocTransport::InprocTransport(InprocShared& shared, int rank)
    : Transport(rank, shared.size), shared_(shared) {}

InprocTransport::~InprocTransport() {
  DropAll();
  std::atomic<InprocPresence>& presence = shared_.presence_of(rank());
  if (presence.load(std::memory_order_acquire) == InprocPresence::kClosing) return;
  presence.store(InprocPresence::kDead, std::memory_order_release);
  shared_.num_dead.fetch_add(1, std::memory_order_release);
}

std::string InprocTransport::host(int) const { return shared_.host; }

Result<Ticket> InprocTransport::NewOperation(int peer, const MessageTag& tag, std::size_t bytes) {
  RETURN_IF_ERROR(CheckAborted());
  Ticket ticket;
  if (free_.empty()) {
    ticket.index = static_cast<std::uint32_t>(operations_.size());
    operations_.emplace_back();
  } else {
    ticket.index = free_.back();
    free_.pop_back();
  }
  InprocOperation& operation = operations_[ticket.index];
  operation.peer = peer;
  operation.envelope = {.tag = tag, .bytes = bytes};
  operation.state.store(State::kPending, std::memory_order_relaxed);
  return ticket;
}

Result<Ticket> InprocTransport::StartSend(int peer, const MessageTag& tag,
                                          std::span<const std::byte> data) {
  ASSIGN_OR_RETURN(const Ticket ticket, NewOperation(peer, tag, data.size()));
  InprocOperation& operation = operations_[ticket.index];
  operation.source = data.data();
  shared_.mailbox(rank(), peer).Send(operation);
  return ticket;
}

Result<Ticket> InprocTransport::StartReceive(int peer, const MessageTag& tag,
                                             std::span<std::byte> data) {
  ASSIGN_OR_RETURN(const Ticket ticket, NewOperation(peer, tag, data.size()));
  InprocOperation& operation = operations_[ticket.index];
  operation.target = data.data();
  shared_.mailbox(peer, rank()).Receive(operation);
  return ticket;
}

void InprocTransport::Release(Ticket ticket) {
  operations_[ticket.index].state.store(State::kFree, std::memory_order_relaxed);
  free_.push_back(ticket.index);
}

Result<bool> InprocTransport::Test(Ticket ticket) {
  RETURN_IF_ERROR(CheckAborted());
  if (ticket.index >= operations_.size()) return Internal("no such ticket");
  InprocOperation& operation = operations_[ticket.index];
  State state = operation.state.load(std::memory_order_acquire);
  if (state == State::kPending) {
    if (shared_.presence_of(operation.peer).load(std::memory_order_acquire) !=
        InprocPresence::kDead) {
      return false;
    }
    // The peer may have completed this one between our look at it and its death.
    state = operation.state.load(std::memory_order_acquire);
  }
  switch (state) {
    case State::kDone:
      Release(ticket);
      return true;
    case State::kMismatch:
      Release(ticket);
      return MismatchError(*this, operation.peer, operation.envelope, operation.came);
    case State::kPending:
      failed_ = PeerGoneError(*this, operation.peer);
      DropAll();
      return failed_;
    case State::kFree:
      break;
  }
  return Internal("ticket " + std::to_string(ticket.index) + " is not in flight");
}

Status InprocTransport::CheckAborted() {
  if (!failed_.ok()) return failed_;
  if (!shared_.aborted.load(std::memory_order_acquire)) return Status();
  failed_ = shared_.abort_status();
  DropAll();
  return failed_;
}

void InprocTransport::Abort(const Status& status) {
  // After a peer's death or abort this only lets go of the buffers, unless nobody has told the
  // others yet; RecordAbort keeps the first.
  shared_.RecordAbort(PeerFailedError(RankOnHost(*this, rank()), status.ToString()));
  failed_ = shared_.abort_status();
  DropAll();
}

Status InprocTransport::Health() {
  RETURN_IF_ERROR(CheckAborted());
  if (shared_.num_dead.load(std::memory_order_acquire) == 0) return Status();
  for (int peer = 0; peer < size(); ++peer) {
    if (shared_.presence_of(peer).load(std::memory_order_acquire) == InprocPresence::kDead) {
      return PeerGoneError(*this, peer);
    }
  }
  return Status();
}

std::string InprocTransport::RanksNotClosing() const {
  std::string names;
  for (int peer = 0; peer < size(); ++peer) {
    if (shared_.presence_of(peer).load(std::memory_order_acquire) == InprocPresence::kClosing) {
      continue;
    }
    names += (names.empty() ? "" : ", ") + RankOnHost(*this, peer);
  }
  return names;
}

Status InprocTransport::Close(Deadline deadline) {
  // What this rank's caller has been told already needs no telling again.
  const bool knew = !failed_.ok();
  if (CheckAborted().ok() && free_.size() != operations_.size()) {
    const Status in_flight =
        Internal(std::to_string(operations_.size() - free_.size()) + " messages of rank " +
                 std::to_string(rank()) + " are in flight at Close");
    Abort(in_flight);
    return in_flight;
  }
  shared_.presence_of(rank()).store(InprocPresence::kClosing, std::memory_order_release);
  while (true) {
    const std::string missing = RanksNotClosing();
    // A rank that knew of the failure has come here to end; one that did not must hear of it.
    const Status news = knew ? Status() : CheckAborted();
    if (missing.empty()) return news;
    for (int peer = 0; peer < size(); ++peer) {
      if (shared_.presence_of(peer).load(std::memory_order_acquire) == InprocPresence::kDead) {
        return news.ok() ? PeerGoneError(*this, peer) : news;
      }
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return DeadlineExceeded(RankOnHost(*this, rank()) + " waited at the end of the job for " +
                              missing);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

void InprocTransport::DropAll() {
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) continue;
    shared_.mailbox(rank(), peer).DropSends();
    shared_.mailbox(peer, rank()).DropReceives();
  }
  free_.clear();
  operations_.clear();
}

}  // namespace braid
