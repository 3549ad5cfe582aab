#pragma once

#include "base/status.h"
#include "plan/request.h"
#include "planner/sim/workload/output_limit.h"
#include "planner/sim/workload/workload_spec.h"

#include <cstdint>
#include <memory>
#include <string>

namespace braid {

/// How a trace is played.
struct TraceOptions {
  double rate = 0;                ///< requests a second, mean of the part played; 0: as recorded
  double rate_scale = 1;          ///< times as fast as recorded, where `rate` is 0
  std::int64_t num_requests = 0;  ///< at most; 0: all
  std::int64_t offset = 0;        ///< requests left out at the start
  OutputLimit limit = {};
};

/// The fields of `spec` that traces read.
TraceOptions TraceOptionsOf(const WorkloadSpec& spec);

/// The requests of a trace file, the first at 0. With `rate`, n requests take n / rate seconds, and
/// gaps keep their proportions.
/// Cost:   reads the part that is played once here, to check it and to learn its rate, and a second
///         time while it is played. Memory: one line.
/// Errors: NotFound or InvalidArgument where the path is no readable file (a pipe cannot be read
///         twice); InvalidArgument with file:line, what was found and what to do for its content,
///         for an offset beyond its end, for a rate of requests that all arrive at once.
/// Thread: the source belongs to one thread. Its status() tells where the file changed under it.
Result<std::unique_ptr<RequestSource>> OpenTrace(const std::string& path,
                                                 const TraceOptions& options);

/// The same of a text in memory; messages call it `name`.
Result<std::unique_ptr<RequestSource>> OpenTraceText(std::string text, const std::string& name,
                                                     const TraceOptions& options);

}  // namespace braid
