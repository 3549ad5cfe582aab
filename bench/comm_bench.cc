// Time and bandwidth of the all-reduce by size: over threads of this process, or, started by
// mpirun, over its ranks with MPI_Allreduce beside it.
//
//   comm_bench [RANKS]                  (threads; 2 unless told)
//   mpirun -n 2 --bind-to none --mca mpi_yield_when_idle 1 comm_bench --mpi
//
// Figures as nccl-tests define them: algbw = bytes / time, busbw = algbw * 2 (n-1) / n, which can
// be compared to the bandwidth of a link. Of each size the least and the median of many repeats;
// the two kinds of all-reduce take turns, so that a slow spell of the machine strikes both.
#include "comm/collectives/all_reduce.h"
#include "comm/collectives/wait.h"
#include "comm/inproc/inproc_world.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>
#ifdef BRAID_WITH_MPI
#include "comm/mpi/open_mpi.h"

#include <mpi.h>
#endif

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

struct Timing {
  double least_us = 0;
  double median_us = 0;
};

Timing Summarise(std::vector<double> times_us) {
  std::sort(times_us.begin(), times_us.end());
  return {times_us.front(), times_us[times_us.size() / 2]};
}

double TimeUs(const std::function<void()>& operation) {
  const Clock::time_point start = Clock::now();
  operation();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

void OrExit(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::_Exit(1);
}

void PrintRow(std::size_t bytes, int ranks, const char* what, const Timing& timing) {
  const double algbw = static_cast<double>(bytes) / timing.median_us / 1e3;
  std::printf("%10zu  %-14s %10.1f %10.1f %8.2f %8.2f\n", bytes, what, timing.least_us,
              timing.median_us, algbw, algbw * 2.0 * (ranks - 1) / ranks);
}

int RepeatsOf(std::size_t bytes) { return bytes <= 65536 ? 400 : bytes <= 4194304 ? 60 : 15; }

/// All sizes on one rank. `other` is MPI's all-reduce, or empty.
void Measure(Transport& transport, const std::function<void(std::span<float>)>& other) {
  std::vector<int> group(static_cast<std::size_t>(transport.size()));
  std::iota(group.begin(), group.end(), 0);
  const bool speaks = transport.rank() == 0;
  if (speaks) {
    std::printf("%10s  %-14s %10s %10s %8s %8s\n", "bytes", transport.name().c_str(), "least us",
                "median us", "algbw", "busbw GB/s");
  }
  AllReduce all_reduce;
  std::uint64_t step = 0;
  for (std::size_t bytes = 8; bytes <= (16U << 20U); bytes *= bytes < 1024 ? 16 : 4) {
    std::vector<float> data(bytes / sizeof(float), 0.0F);
    std::vector<double> ours;
    std::vector<double> theirs;
    const int repeats = RepeatsOf(bytes);
    for (int repeat = -3; repeat < repeats; ++repeat) {
      const double own = TimeUs([&] {
        OrExit(all_reduce.Start({.transport = &transport,
                                 .group = group,
                                 .tag = {.channel = 1, .operation = 0, .step = ++step},
                                 .deadline = Clock::now() + std::chrono::seconds(30),
                                 .phase = "bench"},
                                data));
        OrExit(WaitAll({&all_reduce}));
      });
      const double others = other ? TimeUs([&] { other(data); }) : 0.0;
      if (repeat < 0) continue;  // warming up
      ours.push_back(own);
      theirs.push_back(others);
    }
    if (!speaks) continue;
    PrintRow(bytes, transport.size(), "braid", Summarise(ours));
    if (other) PrintRow(bytes, transport.size(), "MPI_Allreduce", Summarise(theirs));
  }
}

void MeasureThreads(int size) {
  InprocWorld world(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&world, rank] {
      Result<std::unique_ptr<Transport>> transport = world.Open(rank);
      OrExit(transport.status());
      Measure(**transport, {});
      OrExit((*transport)->Close(Clock::now() + std::chrono::seconds(30)));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

#ifdef BRAID_WITH_MPI
void MeasureMpi() {
  Result<std::unique_ptr<Transport>> transport = OpenMpi();
  OrExit(transport.status());
  Measure(**transport, [](std::span<float> data) {
    MPI_Allreduce(MPI_IN_PLACE, data.data(), static_cast<int>(data.size()), MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
  });
  // What a poll costs that finds nothing.
  if ((*transport)->rank() == 0) {
    constexpr int kPolls = 100000;
    const double us = TimeUs([&] {
      for (int poll = 0; poll < kPolls; ++poll) OrExit((*transport)->Health());
    });
    std::printf("an idle poll: %.3f us\n", us / kPolls);
  }
  OrExit((*transport)->Close(Clock::now() + std::chrono::seconds(30)));
}
#endif

int Run(const std::string& argument) {
#ifdef BRAID_WITH_MPI
  if (argument == "--mpi") {
    MeasureMpi();
    return 0;
  }
#endif
  const int ranks = argument.empty() ? 2 : std::atoi(argument.c_str());
  if (ranks < 1 || ranks > 64) {
    std::fprintf(stderr, "usage: comm_bench [RANKS | --mpi], RANKS from 1 to 64\n");
    return 2;
  }
  MeasureThreads(ranks);
  return 0;
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::Run(argc > 1 ? argv[1] : ""); }
