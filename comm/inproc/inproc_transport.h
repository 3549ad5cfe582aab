#pragma once

#include "comm/inproc/inproc_shared.h"
#include "comm/transport.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace braid {

/// One rank's end of an InprocWorld.
class InprocTransport final : public Transport {
 public:
  InprocTransport(InprocShared& shared, int rank);
  InprocTransport(const InprocTransport&) = delete;
  InprocTransport& operator=(const InprocTransport&) = delete;
  ~InprocTransport() override;

  std::string name() const override { return "inproc"; }
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
  Result<Ticket> NewOperation(int peer, const MessageTag& tag, std::size_t bytes);
  void Release(Ticket ticket);
  /// OK, or the job's end; on the latter lets go of all that is in flight.
  Status CheckAborted();
  void DropAll();
  std::string RanksNotClosing() const;

  InprocShared& shared_;
  std::deque<InprocOperation> operations_;  // addresses must stay: mailboxes point here
  std::vector<std::uint32_t> free_;
  Status failed_;
};

}  // namespace braid
