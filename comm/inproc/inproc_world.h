#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <memory>

namespace braid {

struct InprocShared;

/// A job whose ranks are threads of this process: the reference transport. Make it once, let every
/// rank thread open its own transport, and keep it until all of them are gone.
///
/// Payloads go straight from the sender's memory into the receiver's (copied by whoever comes
/// second), those of at most 16 KiB through a buffer where the sender comes first. Test reads one
/// atomic. An abort reaches all ranks at their next call; a transport that is destroyed without
/// Close is that rank's death, which peers learn from Health or where they depend on it.
/// After an abort or a death nothing touches a rank's buffers once its own call has said so.
/// Thread: any thread.
class InprocWorld {
 public:
  explicit InprocWorld(int size);
  InprocWorld(const InprocWorld&) = delete;
  InprocWorld& operator=(const InprocWorld&) = delete;
  ~InprocWorld();

  /// The transport of `rank`, for the thread that will be it.
  /// Errors: InvalidArgument for no such rank; FailedPrecondition where it was opened before.
  Result<std::unique_ptr<Transport>> Open(int rank);

 private:
  std::unique_ptr<InprocShared> shared_;
};

}  // namespace braid
