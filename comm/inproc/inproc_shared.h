#pragma once

#include "base/status.h"
#include "comm/inproc/mailbox.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace braid {

/// Where a rank is in its life.
enum class InprocPresence : std::uint8_t { kAbsent, kOpen, kClosing, kDead };

/// What the ranks of one InprocWorld share. Every member is safe to use from any thread.
struct InprocShared {
  explicit InprocShared(int num_ranks);

  InprocMailbox& mailbox(int from, int to) {
    return mailboxes[static_cast<std::size_t>(from * size + to)];
  }
  std::atomic<InprocPresence>& presence_of(int rank) {
    return presence[static_cast<std::size_t>(rank)];
  }

  /// Records the first failure of the job; later ones are its consequences and are dropped.
  void RecordAbort(const Status& status);
  Status abort_status();

  const int size;
  const std::string host;
  const std::unique_ptr<InprocMailbox[]> mailboxes;               // [from * size + to]
  const std::unique_ptr<std::atomic<InprocPresence>[]> presence;  // [rank]
  std::atomic<int> num_dead = 0;
  std::atomic<bool> aborted = false;

 private:
  std::mutex mutex_;
  Status abort_status_;  // guarded by mutex_
};

}  // namespace braid
