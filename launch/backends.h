#pragma once

#include "base/status.h"
#include "launch/environment.h"
#include "launch/exit_code.h"
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

/// Runs this process's rank of a job whose ranks mpirun started. Returns OK on all of them, or does
/// not return: after a failure it calls `on_failure`, which tells the user and says with which
/// code to end, and ends the process.
/// Errors, before there is a job: FailedPrecondition where this build has no MPI; what OpenMpi
/// says; InvalidArgument where mpirun started another number of ranks than the mesh has.
Status RunLaunchedJob(const JobOptions& options, const LeadFunction& lead, TaskTrace* trace,
                      const std::function<ExitCode(const Status&)>& on_failure);

}  // namespace braid
