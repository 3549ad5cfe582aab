#pragma once

#include "base/status.h"
#include "launch/job_setup.h"
#include "launch/world.h"

#include <string>

namespace braid {

/// Where this process writes its part of a trace: `path`, or, where ranks are processes, which may
/// be on several hosts, "trace.rank1.json" for "trace.json".
std::string TraceFileOf(const std::string& path, Comm comm, const World& world);

/// Creates the file, so that a run does not end without its trace.
/// Errors: InvalidArgument where that is not possible.
Status CheckTraceFile(const std::string& path, Comm comm, const World& world);

}  // namespace braid
