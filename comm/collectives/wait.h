#pragma once

#include "base/status.h"
#include "comm/collectives/collective.h"
#include "comm/transport.h"

#include <initializer_list>

namespace braid {

/// Polls until all are done, yielding the core in between; each ends by its own deadline at the
/// latest. For start-up, tests and benchmarks: an executor has other work to do meanwhile.
/// Errors: the first of any of them.
Status WaitAll(std::initializer_list<Collective*> collectives);

/// Waits for one message that belongs to no collective.
/// Errors: those of Transport::Test; DeadlineExceeded. Aborts the transport before it returns one.
Status Wait(Transport& transport, Ticket ticket, Deadline deadline);

}  // namespace braid
