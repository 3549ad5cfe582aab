// One rank of an MPI job that goes wrong in the way its argument names. Rank 0 checks what it
// learned and says so; all ranks end by EndMpiJob with code 2 where the job went wrong as it must.
#include "comm/mpi/open_mpi.h"
#include "tests/comm/fault_scenarios.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace braid {
namespace {

constexpr int kFailedAsItMust = 2;
constexpr int kWrongOutcome = 9;
constexpr int kOutOfItself = 3;

/// What only processes can do.
std::vector<FaultScenario> ProcessScenarios() {
  const auto all_but_faulty = [](void (*faulty)()) {
    return [faulty](std::unique_ptr<Transport>& transport) {
      if (transport->rank() == kFaultyRank) faulty();
      return RunCollective(*transport, {});
    };
  };
  std::vector<FaultScenario> scenarios;
  scenarios.push_back(
      {"killed", all_but_faulty([] { std::raise(SIGKILL); }), StatusCode::kAborted, {}, false});
  scenarios.push_back(
      {"exits", all_but_faulty([] { std::_Exit(kOutOfItself); }), StatusCode::kAborted, {}, false});
  // Neither polls nor ends: the others must take the job down.
  scenarios.push_back({"sleeps",
                       [](std::unique_ptr<Transport>& transport) -> Status {
                         RETURN_IF_ERROR(StartTogether(*transport));
                         if (transport->rank() == kFaultyRank) {
                           std::this_thread::sleep_for(std::chrono::seconds(50));
                         }
                         return RunCollective(*transport,
                                              {.deadline = std::chrono::milliseconds(300)});
                       },
                       StatusCode::kDeadlineExceeded,
                       {"waited past its deadline for rank 1 ("},
                       false});
  // All ranks find out alike and each ends by itself.
  scenarios.push_back({"all_fail_together",
                       [](std::unique_ptr<Transport>& transport) -> Status {
                         RETURN_IF_ERROR(RunCollective(*transport, {}));
                         return FailedPrecondition("models differ");
                       },
                       StatusCode::kFailedPrecondition,
                       {"models differ"},
                       false});
  // A long message that nobody takes must not keep the process from ending.
  scenarios.push_back({"long_send_in_flight",
                       [](std::unique_ptr<Transport>& transport) -> Status {
                         static const std::vector<std::byte> data(4000000);
                         const int peer = transport->rank() == 0 ? 1 : 0;
                         RETURN_IF_ERROR(transport->Send(peer, Tag(1, 1), data).status());
                         while (transport->Health().ok() && transport->rank() != kFaultyRank) {
                           std::this_thread::yield();
                         }
                         return transport->rank() == kFaultyRank ? Internal("gave up")
                                                                 : transport->Health();
                       },
                       StatusCode::kAborted,
                       {"rank 1 (", "exit code 2"},
                       false});
  return scenarios;
}

const FaultScenario* Find(const std::vector<FaultScenario>& scenarios, const std::string& name) {
  for (const FaultScenario& scenario : scenarios) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

int RunJob(const std::string& name) {
  std::vector<FaultScenario> scenarios = FaultScenarios();
  for (FaultScenario& scenario : ProcessScenarios()) scenarios.push_back(std::move(scenario));
  const FaultScenario* scenario = Find(scenarios, name);
  if (scenario == nullptr) {
    std::fprintf(stderr, "no scenario %s\n", name.c_str());
    return kWrongOutcome;
  }
  Result<std::unique_ptr<Transport>> opened = OpenMpi();
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.error().ToString().c_str());
    return kWrongOutcome;
  }
  std::unique_ptr<Transport> transport = std::move(*opened);
  const int rank = transport->rank();
  const int size = transport->size();
  Status outcome = scenario->run(transport);
  if (outcome.ok()) outcome = transport->Close(Soon());
  if (rank == 0) {
    const Status check = CheckOutcome(*scenario, size, outcome);
    std::fprintf(stderr, "rank 0 learned: %s\n%s\n", outcome.ToString().c_str(),
                 check.ok() ? "as it must" : check.ToString().c_str());
    if (!check.ok()) EndMpiJob(std::move(transport), kWrongOutcome);
  }
  // A rank that plays dead must not end the job before the others have found out.
  if (rank == kFaultyRank && outcome.code() == StatusCode::kUnavailable) {
    std::this_thread::sleep_for(std::chrono::seconds(5));
  }
  // mpirun ends all ranks with the first that exits with a code: none may do so before rank 0 has
  // spoken, and all that are well come to Close.
  if (outcome.code() == StatusCode::kFailedPrecondition)
    static_cast<void>(transport->Close(Soon()));
  EndMpiJob(std::move(transport), kFailedAsItMust);
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::RunJob(argc > 1 ? argv[1] : ""); }
