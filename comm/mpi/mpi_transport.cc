#include "comm/mpi/mpi_transport.h"

#include "comm/mpi/mpi_call.h"

#include <chrono>
#include <cstring>
#include <limits>
#include <thread>
#include <utility>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

// A failing rank gives its notices this long to leave it, an eternity for 500 bytes.
constexpr std::chrono::milliseconds kFlushTime(10);

// Unsuccessful tests between two looks at the notice board: a look costs as much as a test.
constexpr std::uint32_t kTestsPerNotice = 8;

int MaxTag(MPI_Comm communicator) {
  void* value = nullptr;
  int found = 0;
  MPI_Comm_get_attr(communicator, MPI_TAG_UB, &value, &found);
  return found != 0 ? *static_cast<int*>(value) : 32767;  // the least that MPI promises
}

// Lets go of a request without waiting; MPI completes a send that is on its way by itself.
void Forget(MPI_Request& request, bool receive) {
  if (request == MPI_REQUEST_NULL) return;
  if (receive) MPI_Cancel(&request);
  MPI_Request_free(&request);
}

}  // namespace

MpiTransport::MpiTransport(MpiEndpoint endpoint)
    : Transport(endpoint.rank, endpoint.size),
      endpoint_(std::move(endpoint)),
      max_tag_(MaxTag(endpoint_.messages)),
      board_(endpoint_.notices, endpoint_.rank, endpoint_.size),
      headers_(sizeof(WireHeader)),
      envelopes_(sizeof(WireHeader) + kInlineBytes) {}

MpiTransport::~MpiTransport() {
  if (closed_) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) {
    DropAll();
    if (board_.Post(NoticeBoard::Kind::kGone, "").ok()) Flush();
  }
  headers_.Abandon();
  envelopes_.Abandon();
}

std::string MpiTransport::host(int peer) const {
  return endpoint_.hosts[static_cast<std::size_t>(peer)];
}

// Starting messages.

Result<Ticket> MpiTransport::NewFlight(Flight::Kind kind, int peer, const Envelope& envelope) {
  RETURN_IF_ERROR(failed_);
  if (closed_) return FailedPrecondition("this transport is closed");
  if (envelope.tag.channel > static_cast<std::uint32_t>(max_tag_)) {
    return InvalidArgument("channel " + std::to_string(envelope.tag.channel) +
                           " is beyond MPI's largest tag, " + std::to_string(max_tag_));
  }
  if (envelope.bytes > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    return InvalidArgument("a message of " + std::to_string(envelope.bytes) +
                           " bytes is beyond MPI's 2 GiB; send it in pieces");
  }
  Ticket ticket;
  if (free_.empty()) {
    ticket.index = static_cast<std::uint32_t>(flights_.size());
    flights_.emplace_back();
  } else {
    ticket.index = free_.back();
    free_.pop_back();
  }
  Flight& flight = flights_[ticket.index];
  flight = {.kind = kind, .peer = peer, .envelope = envelope};
  flight.staging = PoolOf(flight).Take();
  return ticket;
}

StagingPool& MpiTransport::PoolOf(const Flight& flight) {
  return flight.kind == Flight::Kind::kSend && !flight.is_inline() ? headers_ : envelopes_;
}

void MpiTransport::Release(Ticket ticket) {
  Flight& flight = flights_[ticket.index];
  PoolOf(flight).Give(flight.staging);
  flight.kind = Flight::Kind::kFree;
  free_.push_back(ticket.index);
}

Result<Ticket> MpiTransport::StartSend(int peer, const MessageTag& tag,
                                       std::span<const std::byte> data) {
  ASSIGN_OR_RETURN(const Ticket ticket,
                   NewFlight(Flight::Kind::kSend, peer, {.tag = tag, .bytes = data.size()}));
  RETURN_IF_ERROR(PostSend(flights_[ticket.index], data));
  return ticket;
}

Status MpiTransport::PostSend(Flight& flight, std::span<const std::byte> data) {
  const WireHeader header = WireHeader::Of(flight.envelope);
  std::memcpy(flight.staging, &header, sizeof(header));
  std::size_t head_bytes = sizeof(header);
  if (flight.is_inline() && !data.empty()) {
    std::memcpy(flight.staging + sizeof(header), data.data(), data.size());
    head_bytes += data.size();
  }
  const int tag = static_cast<int>(flight.envelope.tag.channel);
  RETURN_IF_ERROR(CheckMpi(MPI_Isend(flight.staging, static_cast<int>(head_bytes), MPI_BYTE,
                                     flight.peer, tag, endpoint_.messages, &flight.head),
                           "MPI_Isend"));
  if (flight.is_inline()) return Status();
  return CheckMpi(MPI_Isend(data.data(), static_cast<int>(data.size()), MPI_BYTE, flight.peer, tag,
                            endpoint_.messages, &flight.body),
                  "MPI_Isend");
}

Result<Ticket> MpiTransport::StartReceive(int peer, const MessageTag& tag,
                                          std::span<std::byte> data) {
  ASSIGN_OR_RETURN(const Ticket ticket,
                   NewFlight(Flight::Kind::kReceive, peer, {.tag = tag, .bytes = data.size()}));
  RETURN_IF_ERROR(PostReceive(flights_[ticket.index], data));
  return ticket;
}

Status MpiTransport::PostReceive(Flight& flight, std::span<std::byte> data) {
  flight.target = data.data();
  const int tag = static_cast<int>(flight.envelope.tag.channel);
  RETURN_IF_ERROR(CheckMpi(MPI_Irecv(flight.staging, static_cast<int>(envelopes_.buffer_bytes()),
                                     MPI_BYTE, flight.peer, tag, endpoint_.messages, &flight.head),
                           "MPI_Irecv"));
  if (flight.is_inline()) return Status();
  return CheckMpi(MPI_Irecv(data.data(), static_cast<int>(data.size()), MPI_BYTE, flight.peer, tag,
                            endpoint_.messages, &flight.body),
                  "MPI_Irecv");
}

// Finishing messages.

Result<bool> MpiTransport::Test(Ticket ticket) {
  if (!failed_.ok()) return failed_;
  if (ticket.index >= flights_.size() || flights_[ticket.index].kind == Flight::Kind::kFree) {
    return Internal("ticket " + std::to_string(ticket.index) + " is not in flight");
  }
  Flight& flight = flights_[ticket.index];
  const Result<bool> done = TestFlight(flight);
  if (!done.ok()) return Fail(done.error());
  if (*done) {
    Release(ticket);
    return true;
  }
  if (++idle_tests_ % kTestsPerNotice == 0) RETURN_IF_ERROR(TakeNotices());
  if (board_.gone(flight.peer)) return Fail(PeerGoneError(*this, flight.peer));
  return false;
}

Result<bool> MpiTransport::TestFlight(Flight& flight) {
  const bool receive = flight.kind == Flight::Kind::kReceive;
  int done = 0;
  MPI_Status status;
  if (receive ? !flight.opened : flight.head != MPI_REQUEST_NULL) {
    RETURN_IF_ERROR(CheckMpi(MPI_Test(&flight.head, &done, &status), "MPI_Test"));
    if (done == 0) return false;
    if (receive) RETURN_IF_ERROR(Open(flight, status));
  }
  if (flight.is_inline()) return true;
  RETURN_IF_ERROR(CheckMpi(MPI_Test(&flight.body, &done, &status), "MPI_Test"));
  return done != 0;
}

Status MpiTransport::Open(Flight& flight, const MPI_Status& status) {
  int bytes = 0;
  RETURN_IF_ERROR(CheckMpi(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count"));
  const auto length = static_cast<std::size_t>(bytes);
  WireHeader header;
  if (length >= sizeof(header)) std::memcpy(&header, flight.staging, sizeof(header));
  const std::size_t payload = flight.is_inline() ? flight.envelope.bytes : 0;
  if (length < sizeof(header) || header.magic != WireHeader::kMagic) {
    return Internal(RankOnHost(*this, rank()) + " expected a message of " +
                    Describe(flight.envelope) + " from " + RankOnHost(*this, flight.peer) +
                    ", but " + std::to_string(length) + " bytes without a header came");
  }
  if (header.envelope() != flight.envelope || length != sizeof(header) + payload) {
    return MismatchError(*this, flight.peer, flight.envelope, header.envelope());
  }
  if (payload > 0) std::memcpy(flight.target, flight.staging + sizeof(header), payload);
  flight.opened = true;
  return Status();
}

// Failing and ending.

Status MpiTransport::Fail(Status failure) {
  failed_ = std::move(failure);
  DropAll();
  return failed_;
}

Status MpiTransport::TakeNotices() {
  RETURN_IF_ERROR(board_.Poll());
  if (board_.failed_rank() < 0 || told_) return Status();
  told_ = true;
  return Fail(PeerFailedError(RankOnHost(*this, board_.failed_rank()), board_.failed_words()));
}

void MpiTransport::Abort(const Status& status) {
  if (told_ || closed_) return;
  told_ = true;
  static_cast<void>(Fail(PeerFailedError(RankOnHost(*this, rank()), status.ToString())));
  // A notice that cannot be sent leaves the peers to their deadlines.
  if (board_.Post(NoticeBoard::Kind::kFailed, status.ToString()).ok()) Flush();
}

Status MpiTransport::Health() {
  if (!failed_.ok()) return failed_;
  if (closed_) return FailedPrecondition("this transport is closed");
  RETURN_IF_ERROR(TakeNotices());
  if (board_.any_gone() >= 0) return PeerGoneError(*this, board_.any_gone());
  return Status();
}

void MpiTransport::DropAll() {
  for (Flight& flight : flights_) {
    if (flight.kind == Flight::Kind::kFree) continue;
    const bool receive = flight.kind == Flight::Kind::kReceive;
    Forget(flight.head, receive);
    Forget(flight.body, receive);
  }
  // MPI may still use the staging of what could not be cancelled: it is not given back.
  flights_.clear();
  free_.clear();
}

void MpiTransport::Flush() {
  const Clock::time_point end = Clock::now() + kFlushTime;
  while (Clock::now() < end) {
    const Result<bool> sent = board_.AllSent();
    if (!sent.ok() || *sent) return;
    std::this_thread::yield();
  }
}

std::string MpiTransport::RanksNotClosing() const {
  std::string names;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank() || board_.closing(peer)) continue;
    names += (names.empty() ? "" : ", ") + RankOnHost(*this, peer);
  }
  return names;
}

Status MpiTransport::Close(Deadline deadline) {
  if (closed_) return Status();
  const bool healthy = failed_.ok();
  if (healthy && free_.size() != flights_.size()) {
    const Status in_flight =
        Internal(std::to_string(flights_.size() - free_.size()) + " messages of rank " +
                 std::to_string(rank()) + " are in flight at Close");
    Abort(in_flight);
    return in_flight;
  }
  if (!said_closing_) RETURN_IF_ERROR(board_.Post(NoticeBoard::Kind::kClosing, ""));
  said_closing_ = true;
  RETURN_IF_ERROR(WaitUntilAllClose(deadline));
  RETURN_IF_ERROR(EndMpi());
  // A rank that knew of a failure came here to end; one that did not must hear of it.
  return healthy ? failed_ : Status();
}

Status MpiTransport::WaitUntilAllClose(Deadline deadline) {
  while (true) {
    static_cast<void>(TakeNotices());
    ASSIGN_OR_RETURN(const bool sent, board_.AllSent());
    const std::string missing = RanksNotClosing();
    if (sent && missing.empty()) return Status();
    if (board_.any_gone() >= 0) {
      return failed_.ok() ? PeerGoneError(*this, board_.any_gone()) : failed_;
    }
    if (Clock::now() > deadline) {
      return DeadlineExceeded(RankOnHost(*this, rank()) + " waited at the end of the job for " +
                              (missing.empty() ? "its notices to leave it" : missing));
    }
    std::this_thread::yield();
  }
}

Status MpiTransport::EndMpi() {
  closed_ = true;
  if (failed_.ok()) {
    RETURN_IF_ERROR(board_.Close());
    RETURN_IF_ERROR(CheckMpi(MPI_Comm_free(&endpoint_.messages), "MPI_Comm_free"));
  } else {
    // Cut-off messages may still use the communicators; MPI_Finalize frees what is left.
    headers_.Abandon();
    envelopes_.Abandon();
  }
  if (!endpoint_.finalize) return Status();
  return CheckMpi(MPI_Finalize(), "MPI_Finalize");
}

}  // namespace braid
