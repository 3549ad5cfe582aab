#pragma once

#include "base/status.h"
#include "comm/transport.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace braid {

/// What one rank brings to the start of a job.
struct Credentials {
  Status prepared;               ///< how its own preparation went
  std::string version;           ///< of the program
  std::uint64_t model_hash = 0;  ///< of the model file's contents
  std::string configuration;     ///< in words, the same words for the same configuration
};

/// Makes sure that all ranks can start and would do the same thing: every rank brings its
/// credentials, rank 0 compares them, and all return its verdict. Nothing has been sent between
/// ranks before, so a job that is refused here ends in order everywhere.
/// Errors: the first failing rank's, or FailedPrecondition saying what differs and on which ranks;
/// those of the transport, where a rank does not come within `wait_limit` (rank 0: twice that).
/// Cost: one gather and one broadcast of about 1 KiB.
Status Agree(Transport& transport, const Credentials& mine, std::chrono::milliseconds wait_limit);

}  // namespace braid
