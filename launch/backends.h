#pragma once

#include "base/status.h"
#include "launch/environment.h"
#include "runtime/job.h"

#include <functional>
#include <string>
#include <vector>

namespace braid {

/// Something that a build may have and a machine may allow.
struct Viability {
  std::string name;  ///< "mpi"
  bool viable = false;
  std::string detail;  ///< what it is, or why not
};

/// Every transport and device there could be, whether or not it is built in.
std::vector<Viability> Transports(const Environment& environment);
std::vector<Viability> Devices();

bool MpiIsBuiltIn();

/// Tells the user of a failure.
using TellFunction = std::function<void(const Status&)>;

/// Runs this process's rank of a job whose ranks mpirun started. Returns OK on all of them, or does
/// not return: a failure ends the process with its exit code, after rank 0 has told the user of it,
/// or, where rank 0 does not come to its end, a rank that saw it first.
/// Errors, before there is a job: FailedPrecondition where this build has no MPI; what OpenMpi
/// says.
Status RunLaunchedJob(const JobOptions& options, const LeadFunction& lead, TaskTrace* trace,
                      const TellFunction& tell);

}  // namespace braid
