#pragma once

#include "comm/envelope.h"
#include "comm/mpi/notice_board.h"
#include "comm/mpi/staging.h"
#include "comm/transport.h"

#include <mpi.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// What OpenMpi has found and made.
struct MpiEndpoint {
  int rank = 0;
  int size = 1;
  MPI_Comm messages = MPI_COMM_NULL;
  MPI_Comm notices = MPI_COMM_NULL;
  std::vector<std::string> hosts;  ///< [size]
  bool finalize = false;           ///< Close ends MPI too
};

/// Messages over MPI point-to-point calls.
///
/// One communicator carries all channels, with the channel as MPI tag: MPI keeps messages of one
/// sender, receiver, tag and communicator in order and matches tags independently, which is all
/// that a channel promises, and a communicator for each would cost a collective call each. Notices
/// have a communicator of their own, so that a wildcard receive can wait for them.
///
/// A payload of at most kInlineBytes travels behind its header in one message, copied through a
/// staging buffer on both sides. A longer one is two messages, the header and the payload, straight
/// from and to the caller's memory. Both sides know the size, so they agree which it is; where they
/// do not, the header still tells (it always arrives in a buffer with room for both).
class MpiTransport final : public Transport {
 public:
  static constexpr std::size_t kInlineBytes = 8192;

  explicit MpiTransport(MpiEndpoint endpoint);
  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;
  ~MpiTransport() override;

  std::string name() const override { return "mpi"; }
  std::string host(int peer) const override;
  Result<bool> Test(Ticket ticket) override;
  void Abort(const Status& status) override;
  Status Health() override;
  Status Close(Deadline deadline) override;

 protected:
  Result<Ticket> StartSend(int peer, const MessageTag& tag,
                           std::span<const std::byte> data) override;
  Result<Ticket> StartReceive(int peer, const MessageTag& tag, std::span<std::byte> data) override;

 private:
  struct Flight {
    enum class Kind : std::uint8_t { kFree, kSend, kReceive };
    Kind kind = Kind::kFree;
    bool opened = false;  // of a receive: the header has come and is right
    int peer = -1;
    Envelope envelope;
    std::byte* target = nullptr;   // of a receive
    std::byte* staging = nullptr;  // header, and payload where inline
    MPI_Request head = MPI_REQUEST_NULL;
    MPI_Request body = MPI_REQUEST_NULL;  // payload of a message that is not inline
    bool is_inline() const { return envelope.bytes <= kInlineBytes; }
  };

  Result<Ticket> NewFlight(Flight::Kind kind, int peer, const Envelope& envelope);
  StagingPool& PoolOf(const Flight& flight);
  void Release(Ticket ticket);
  Status PostSend(Flight& flight, std::span<const std::byte> data);
  Status PostReceive(Flight& flight, std::span<std::byte> data);
  Result<bool> TestFlight(Flight& flight);
  Status Open(Flight& flight, const MPI_Status& status);

  Status Fail(Status failure);
  Status TakeNotices();
  void DropAll();
  void Flush();
  std::string RanksNotClosing() const;
  Status WaitUntilAllClose(Deadline deadline);
  Status EndMpi();

  MpiEndpoint endpoint_;
  int max_tag_;
  NoticeBoard board_;
  StagingPool headers_;    // of long sends
  StagingPool envelopes_;  // header and inline payload, and whatever may arrive instead
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_;
  std::uint32_t idle_tests_ = 0;
  Status failed_;
  bool told_ = false;  // peers know of a failure, from this rank or from another
  bool said_closing_ = false;
  bool closed_ = false;
};

}  // namespace braid
