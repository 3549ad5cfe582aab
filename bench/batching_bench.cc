// How long the batching of waiting prompts takes, and what the pruning rules of LoongServe cost.
//
//   batching_bench [DRAWS [large]]     (default 200 draws a row; large: the bucketed rows only)
//
// Prints one line of JSON a row: milliseconds of CPU time of a call, and the excess of the
// objective over the exact optimum. Draws are seeded 1, 2, ...; objectives are those of
// planner/batching/batching.h.
#include "bench/batching_draws.h"
#include "planner/batching/batching.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

namespace braid {
namespace {

struct Sample {
  double milliseconds = 0;
  double objective = 0;
  double num_groups = 0;
  bool feasible = false;
};

/// Of this thread, so that work beside it does not count.
double CpuMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

Sample Measure(Batcher& batcher, const BatchingProblem& problem) {
  const double start = CpuMilliseconds();
  const BatchingPlan& plan = batcher.Solve(problem);
  const double took = CpuMilliseconds() - start;
  return {took, plan.objective, static_cast<double>(plan.groups.size()), plan.feasible};
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = q * static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(rank + 0.5)];
}

const char* ObjectiveName(BatchingObjective objective) {
  switch (objective) {
    case BatchingObjective::kNormalisedLatency:
      return "normalised";
    case BatchingObjective::kTimeToFirstToken:
      return "ttft";
    case BatchingObjective::kSloHinge:
      return "slo";
  }
  return "";
}

const char* MethodName(BatchingMethod method) {
  switch (method) {
    case BatchingMethod::kExact:
      return "exact";
    case BatchingMethod::kBucketed:
      return "bucketed";
    case BatchingMethod::kPaperRule:
      return "paper";
    case BatchingMethod::kReleasedRule:
      return "released";
  }
  return "";
}

/// One row: `method` on `draws` draws, against the exact optimum of the same draws.
void PrintRow(const BatchingWorkload& workload, BatchingObjective objective, BatchingMethod method,
              int draws) {
  Batcher batcher;
  Batcher reference;
  std::vector<double> milliseconds;
  std::vector<double> excess;
  double groups = 0;
  int worse = 0;
  int infeasible = 0;
  int lost = 0;  // feasible, but not under this method
  Measure(batcher, DrawBatching(workload, 0).Problem(objective, method));
  for (int d = 1; d <= draws; ++d) {
    const BatchingDraw draw = DrawBatching(workload, static_cast<std::uint64_t>(d));
    const Sample sample = Measure(batcher, draw.Problem(objective, method));
    const Sample exact = method == BatchingMethod::kExact
                             ? sample
                             : Measure(reference, draw.Problem(objective, BatchingMethod::kExact));
    milliseconds.push_back(sample.milliseconds);
    if (!exact.feasible) {
      ++infeasible;
    } else if (!sample.feasible) {
      ++lost;
    } else {
      excess.push_back(sample.objective / exact.objective - 1);
      groups += sample.num_groups;
      if (excess.back() > 1e-9) ++worse;
    }
  }
  double sum = 0;
  for (const double value : excess) sum += value;
  const double counted = std::max(1.0, static_cast<double>(excess.size()));
  std::printf(
      "{\"lengths\": \"%.0f-%.0f\", \"requests\": %d, \"instances\": %d, \"objective\": \"%s\", "
      "\"method\": \"%s\", \"draws\": %d, \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"groups\": %.1f, "
      "\"mean_excess\": %.5f, \"worst_excess\": %.5f, \"worse\": %d, \"infeasible\": %d, "
      "\"lost\": %d}\n",
      workload.shortest, workload.longest, workload.num_requests, workload.num_instances,
      ObjectiveName(objective), MethodName(method), draws, Quantile(milliseconds, 0.5),
      Quantile(milliseconds, 0.99), groups / counted, sum / counted, Quantile(excess, 1.0), worse,
      infeasible, lost);
  std::fflush(stdout);
}

void PrintSmall(int draws) {
  using enum BatchingObjective;
  using enum BatchingMethod;
  for (const auto& [shortest, longest, requests, instances] :
       {BatchingWorkload{16, 2300, 16, 4}, BatchingWorkload{16, 2300, 64, 8},
        BatchingWorkload{2700, 40000, 64, 8}, BatchingWorkload{16, 200000, 64, 8},
        BatchingWorkload{16, 2300, 256, 8}, BatchingWorkload{16, 200000, 256, 8}}) {
    const BatchingWorkload workload{shortest, longest, requests, instances};
    for (const BatchingObjective objective : {kNormalisedLatency, kTimeToFirstToken, kSloHinge}) {
      PrintRow(workload, objective, kExact, draws);
    }
    PrintRow(workload, kNormalisedLatency, kPaperRule, draws);
    PrintRow(workload, kNormalisedLatency, kReleasedRule, draws);
  }
}

void PrintLarge(int draws) {
  using enum BatchingObjective;
  for (const double longest : {2300.0, 40000.0, 200000.0}) {
    const BatchingWorkload workload{16, longest, 1024, 64};
    for (const BatchingObjective objective : {kNormalisedLatency, kTimeToFirstToken, kSloHinge}) {
      PrintRow(workload, objective, BatchingMethod::kBucketed, draws);
    }
  }
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) {
  const int draws = argc > 1 ? std::atoi(argv[1]) : 200;
  if (draws < 1) {
    std::fprintf(stderr, "usage: batching_bench [DRAWS [large]]\n");
    return 2;
  }
  const bool only_large = argc > 2 && std::string_view(argv[2]) == "large";
  if (!only_large) braid::PrintSmall(draws);
  braid::PrintLarge(draws);
  return 0;
}
