#include "launch/backends.h"

#include "launch/exit_code.h"
#include "launch/find_program.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#ifdef BRAID_WITH_MPI
#include "comm/mpi/open_mpi.h"
#endif

namespace braid {
namespace {

#ifdef BRAID_WITH_MPI
using Clock = std::chrono::steady_clock;

// For ranks that have failed together to come to their end.
constexpr std::chrono::seconds kClosing{2};
#endif

#ifdef BRAID_WITH_MPI

/// Ends the process with a message where MPI does not come up in time. MPI_Init waits for all ranks
/// and cannot be told for how long; nothing but another thread can notice.
class StartWatchdog {
 public:
  explicit StartWatchdog(std::chrono::milliseconds limit)
      : thread_([this, limit] { Watch(limit); }) {}
  StartWatchdog(const StartWatchdog&) = delete;
  StartWatchdog& operator=(const StartWatchdog&) = delete;
  ~StartWatchdog() {
    {
      const std::scoped_lock lock(mutex_);
      started_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void Watch(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, limit, [this] { return started_; })) return;
    const std::string text = fmt::format(
        "braid: error: MPI did not start within {} ms; some rank of this job is missing, stuck or "
        "another program (raise --timeout if the machine is only slow)\n",
        limit.count());
    static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
    _exit(static_cast<int>(ExitCode::kFailure));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;  // guarded by mutex_
  std::thread thread_;    // last: it uses the others
};

#endif

std::string WhyNoCuda() {
  std::error_code error;
  const bool has_node = std::filesystem::exists("/dev/nvidiactl", error);
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  const bool has_driver = driver != nullptr;
  if (has_driver) dlclose(driver);
  if (has_driver && has_node) return "not built in; this machine has a driver and a device";
  return fmt::format("not built in; this machine has {} and {}",
                     has_driver ? "a driver library" : "no driver library (libcuda.so.1)",
                     has_node ? "a device" : "no device (/dev/nvidiactl)");
}

}  // namespace

std::vector<Viability> Transports(const Environment& environment) {
  std::vector<Viability> transports = {{"inproc", true, "ranks are threads of one process"}};
  if (!MpiIsBuiltIn()) {
    transports.push_back({"mpi", false, "not built in; configure with -DBRAID_WITH_MPI=ON"});
  } else if (!FindProgram("mpirun", environment)) {
    transports.push_back({"mpi", false,
                          "built in, but there is no mpirun on PATH (Debian: apt-get "
                          "install openmpi-bin)"});
  } else {
    transports.push_back({"mpi", true, "ranks are processes, started by braid launch or mpirun"});
  }
  return transports;
}

std::vector<Viability> Devices() {
  return {{"cpu", true, "own kernels, chosen by instruction set at start"},
          {"cuda", false, WhyNoCuda()}};
}

#ifdef BRAID_WITH_MPI

bool MpiIsBuiltIn() { return true; }

Status RunLaunchedJob(const JobOptions& options, const LeadFunction& lead, TaskTrace* trace,
                      const TellFunction& tell) {
  std::unique_ptr<Transport> transport;
  {
    const StartWatchdog watchdog(options.wait_limit);
    ASSIGN_OR_RETURN(transport, OpenMpi());
  }
  Status status = RunRank(options, *transport, lead, trace);
  if (status.ok()) status = transport->Close(Clock::now() + options.wait_limit);
  if (status.ok()) return status;
  // Rank 0 speaks before it ends, because with the first rank that ends mpirun ends them all.
  const bool leads = transport->rank() == 0;
  if (leads) tell(status);
  const bool all_end = transport->Close(Clock::now() + kClosing).ok();
  // Those who only heard of the failure leave it to the rank they heard it from.
  if (!leads && !all_end && status.code() != StatusCode::kAborted) tell(status);
  EndMpiJob(std::move(transport), static_cast<int>(ExitCodeOf(status)));
}

#else

bool MpiIsBuiltIn() { return false; }

Status RunLaunchedJob(const JobOptions&, const LeadFunction&, TaskTrace*, const TellFunction&) {
  return FailedPrecondition(
      "this build has no MPI; configure it with -DBRAID_WITH_MPI=ON, or use "
      "--comm inproc");
}

#endif

}  // namespace braid
