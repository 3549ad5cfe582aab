#include "comm/collectives/wait.h"

#include "comm/envelope.h"

#include <chrono>
#include <thread>

namespace braid {

Status WaitAll(std::initializer_list<Collective*> collectives) {
  while (true) {
    bool all_done = true;
    for (Collective* collective : collectives) {
      if (collective->done()) continue;
      ASSIGN_OR_RETURN(const bool done, collective->Poll());
      all_done = all_done && done;
    }
    if (all_done) return Status();
    std::this_thread::yield();
  }
}

Status Wait(Transport& transport, Ticket ticket, Deadline deadline) {
  while (true) {
    const Result<bool> done = transport.Test(ticket);
    Status error;
    if (!done.ok()) {
      error = done.error();
    } else if (*done) {
      return Status();
    } else if (std::chrono::steady_clock::now() > deadline) {
      error = DeadlineExceeded(RankOnHost(transport, transport.rank()) +
                               " waited past its deadline for one message");
    }
    if (!error.ok()) {
      transport.Abort(error);
      return error;
    }
    std::this_thread::yield();
  }
}

}  // namespace braid
