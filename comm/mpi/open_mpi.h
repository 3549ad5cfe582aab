#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <chrono>
#include <memory>

namespace braid {

struct MpiOptions {
  /// For all ranks to come up; MPI_Init itself cannot be limited, its launcher does that.
  std::chrono::milliseconds open_timeout = std::chrono::seconds(30);
};

/// The transport between the processes that mpirun started; without mpirun, a job of one rank.
/// Initialises MPI (MPI_THREAD_FUNNELED) where nobody has yet, and then finalises it in Close. All
/// ranks must call it, and do so again for every further transport.
///
/// MPI moves data only while somebody calls it: poll Test or Health. After an error or an abort the
/// buffers of unfinished messages must stay in memory until the transport is gone, because MPI
/// cannot take back a message that is on its way.
///
/// How a job ends: Close on all ranks, also after a failure that all of them survived, finalises
/// MPI, and each process may exit with its own code. Where a peer may not come any more, use
/// EndMpiJob. Destroying the transport without Close never waits: it tells the peers, leaves MPI as
/// it is, and mpirun ends the job when the process exits.
/// Errors: FailedPrecondition where MPI was finalised or initialised with too low a thread level;
///         DeadlineExceeded; Internal with MPI's words.
/// Thread: the thread that initialised MPI, which is then the rank thread.
Result<std::unique_ptr<Transport>> OpenMpi(const MpiOptions& options = {});

/// Ends this process after a failure, so that mpirun returns `exit_code`: gives notices half a
/// second to reach the peers and the peers as long to end in order (Close or EndMpiJob); if all of
/// them do, finalises MPI and exits, else ends the whole job by MPI_Abort. The one function of this
/// folder that does not return. Works with any transport, or none where opening it failed.
[[noreturn]] void EndMpiJob(std::unique_ptr<Transport> transport, int exit_code);

}  // namespace braid
