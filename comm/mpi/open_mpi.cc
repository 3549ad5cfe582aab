#include "comm/mpi/open_mpi.h"

#include "comm/mpi/mpi_call.h"
#include "comm/mpi/mpi_transport.h"

#include <mpi.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLastWords(500);

/// Initialises MPI where nobody has; true where it was this call, so that Close must finalise.
Result<bool> InitialiseOnce() {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (finalized != 0) {
    return FailedPrecondition("MPI was finalised in this process and cannot start again");
  }
  int level = MPI_THREAD_SINGLE;
  if (initialized != 0) {
    RETURN_IF_ERROR(CheckMpi(MPI_Query_thread(&level), "MPI_Query_thread"));
  } else {
    RETURN_IF_ERROR(
        CheckMpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "MPI_Init"));
  }
  if (level < MPI_THREAD_FUNNELED) {
    return FailedPrecondition("MPI gives thread level " + std::to_string(level) +
                              ", MPI_THREAD_FUNNELED (" + std::to_string(MPI_THREAD_FUNNELED) +
                              ") is needed: use an MPI built with thread support");
  }
  int is_main = 0;
  RETURN_IF_ERROR(CheckMpi(MPI_Is_thread_main(&is_main), "MPI_Is_thread_main"));
  if (is_main == 0) {
    return FailedPrecondition("OpenMpi must be called by the thread that initialised MPI");
  }
  return initialized == 0;
}

Status WaitFor(MPI_Request& request, Deadline deadline) {
  while (true) {
    int done = 0;
    RETURN_IF_ERROR(CheckMpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
    if (done != 0) return Status();
    if (Clock::now() > deadline) {
      return DeadlineExceeded("not all ranks of the MPI job came to open their transport in time");
    }
    std::this_thread::yield();
  }
}

Result<MPI_Comm> Duplicate(MPI_Comm original, Deadline deadline) {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_Request request = MPI_REQUEST_NULL;
  RETURN_IF_ERROR(CheckMpi(MPI_Comm_idup(original, &copy, &request), "MPI_Comm_idup"));
  RETURN_IF_ERROR(WaitFor(request, deadline));
  RETURN_IF_ERROR(
      CheckMpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler"));
  return copy;
}

Result<std::vector<std::string>> GatherHosts(const MpiEndpoint& endpoint, Deadline deadline) {
  using Name = std::array<char, MPI_MAX_PROCESSOR_NAME>;
  Name mine{};
  int length = 0;
  RETURN_IF_ERROR(CheckMpi(MPI_Get_processor_name(mine.data(), &length), "MPI_Get_processor_name"));
  std::vector<Name> names(static_cast<std::size_t>(endpoint.size));
  MPI_Request request = MPI_REQUEST_NULL;
  RETURN_IF_ERROR(
      CheckMpi(MPI_Iallgather(mine.data(), static_cast<int>(mine.size()), MPI_CHAR, names.data(),
                              static_cast<int>(mine.size()), MPI_CHAR, endpoint.messages, &request),
               "MPI_Iallgather"));
  RETURN_IF_ERROR(WaitFor(request, deadline));
  std::vector<std::string> hosts;
  for (Name& name : names) {
    name.back() = '\0';
    hosts.emplace_back(name.data());
  }
  return hosts;
}

}  // namespace

Result<std::unique_ptr<Transport>> OpenMpi(const MpiOptions& options) {
  const Deadline deadline = Clock::now() + options.open_timeout;
  MpiEndpoint endpoint;
  ASSIGN_OR_RETURN(endpoint.finalize, InitialiseOnce());
  RETURN_IF_ERROR(CheckMpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                           "MPI_Comm_set_errhandler"));
  RETURN_IF_ERROR(CheckMpi(MPI_Comm_rank(MPI_COMM_WORLD, &endpoint.rank), "MPI_Comm_rank"));
  RETURN_IF_ERROR(CheckMpi(MPI_Comm_size(MPI_COMM_WORLD, &endpoint.size), "MPI_Comm_size"));
  ASSIGN_OR_RETURN(endpoint.messages, Duplicate(MPI_COMM_WORLD, deadline));
  ASSIGN_OR_RETURN(endpoint.notices, Duplicate(MPI_COMM_WORLD, deadline));
  ASSIGN_OR_RETURN(endpoint.hosts, GatherHosts(endpoint, deadline));
  return std::unique_ptr<Transport>(std::make_unique<MpiTransport>(std::move(endpoint)));
}

void EndMpiJob(std::unique_ptr<Transport> transport, int exit_code) {
  const Deadline deadline = Clock::now() + kLastWords;
  bool in_order = false;
  if (transport != nullptr) {
    if (transport->Health().ok()) {
      transport->Abort(Aborted("ended with exit code " + std::to_string(exit_code)));
    }
    in_order = transport->Close(deadline).ok();
  }
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  const bool running = initialized != 0 && finalized == 0;
  if (!running || in_order) {
    if (running) MPI_Finalize();
    std::exit(exit_code);
  }
  // MPI_Abort does not flush; what was said so far must not be lost. Nor must the words of peers
  // that are still alive, which it will kill.
  std::fflush(nullptr);
  std::this_thread::sleep_until(deadline);
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace braid
