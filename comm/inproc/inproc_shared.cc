#include "comm/inproc/inproc_shared.h"

#include <unistd.h>

#include <array>

namespace braid {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace

InprocShared::InprocShared(int num_ranks)
    : size(num_ranks),
      host(HostName()),
      mailboxes(std::make_unique<InprocMailbox[]>(static_cast<std::size_t>(size * size))),
      presence(std::make_unique<std::atomic<InprocPresence>[]>(static_cast<std::size_t>(size))) {}

void InprocShared::RecordAbort(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (!abort_status_.ok()) return;
  abort_status_ = status;
  aborted.store(true, std::memory_order_release);
}

Status InprocShared::abort_status() {
  const std::lock_guard lock(mutex_);
  return abort_status_;
}

}  // namespace braid
