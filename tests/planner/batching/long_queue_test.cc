// Queues too long for the plain search: on grids, near a bound, and where memory is almost full.
#include "bench/batching_draws.h"
#include "planner/batching/batch_cost.h"
#include "planner/batching/batching.h"
#include "planner/batching/group_search.h"
#include "tests/planner/batching/brute_force.h"
#include "tests/planner/batching/valid_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

namespace braid {
namespace {

constexpr BatchingObjective kObjectives[] = {BatchingObjective::kNormalisedLatency,
                                             BatchingObjective::kTimeToFirstToken,
                                             BatchingObjective::kSloHinge};

TEST(Batcher, ComesWithinOnePercentOfTheOptimumByBuckets) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const double longest = seed % 2 == 0 ? 2300 : 200000;
    const BatchingDraw draw = DrawBatching({16, longest, 400, 24}, seed);
    for (const BatchingObjective objective : kObjectives) {
      const BatchingPlan& exact = batcher.Solve(draw.Problem(objective, BatchingMethod::kExact));
      ASSERT_TRUE(exact.feasible);
      const double optimum = exact.objective;
      const BatchingPlan& plan = batcher.Solve(draw.Problem(objective, BatchingMethod::kBucketed));
      ASSERT_TRUE(plan.feasible);
      EXPECT_GE(plan.objective, optimum * (1 - 1e-9)) << "seed " << seed;
      EXPECT_LE(plan.objective, optimum * 1.01) << "seed " << seed;
    }
  }
}

/// The plain pruned search over all cuts, which the tests above hold against the definition.
double PlainOptimum(const BatchingProblem& problem) {
  Batcher batcher;
  const BatchingPlan& orders = batcher.Solve(problem);
  CutGrid grid;
  for (std::size_t p = 0; p <= problem.requests.size(); ++p) {
    grid.cut.push_back(static_cast<std::int32_t>(p));
  }
  std::vector<double> slacks;
  const OrderedRequests requests{&problem, orders.request_order};
  FillCutGrid(requests, problem.requests.size(), slacks, grid);
  std::vector<std::int64_t> free_slots(1, 0);
  std::vector<std::int32_t> degrees;
  for (const std::int32_t index : orders.instance_order) {
    free_slots.push_back(free_slots.back() +
                         problem.instances[static_cast<std::size_t>(index)].free_slots);
    degrees.push_back(static_cast<std::int32_t>(degrees.size()) + 1);
  }
  GroupSearch search;
  search.Run(grid, {problem.lines, free_slots, degrees});
  std::vector<BatchingGroup> groups;
  if (!search.Backtrack(grid, groups)) return -1;
  double sum = 0;
  for (const BatchingGroup& group : groups) {
    sum += BatchingReference(problem).Cost(static_cast<std::size_t>(group.first_request),
                                           static_cast<std::size_t>(group.end_request),
                                           static_cast<std::size_t>(group.degree()));
  }
  return sum;
}

TEST(Batcher, StaysExactOnQueuesThatItOnlySearchesNearABound) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const double longest = seed % 2 == 0 ? 2300 : 200000;
    const BatchingDraw draw = DrawBatching({16, longest, 300, 20}, seed);
    ASSERT_EQ(ChooseBatchingMethod(300, 20), BatchingMethod::kBucketed);
    const BatchingProblem problem = draw.Problem(kObjectives[seed % 3], BatchingMethod::kExact);
    const double optimum = PlainOptimum(problem);
    const BatchingPlan& plan = batcher.Solve(problem);
    ASSERT_TRUE(plan.feasible);
    EXPECT_NEAR(plan.objective, optimum, 1e-9 * optimum) << "seed " << seed;
  }
}

/// The queue on equal instances that have `spare` of what it needs left over.
BatchingDraw Tight(BatchingDraw draw, double spare) {
  double needed = 0;
  for (const BatchingRequest& request : draw.requests) {
    needed += static_cast<double>(request.slots);
  }
  const double each = needed * (1 + spare) / static_cast<double>(draw.instances.size());
  for (BatchingInstance& instance : draw.instances) {
    instance.free_slots = static_cast<std::int64_t>(std::ceil(each));
  }
  return draw;
}

TEST(Batcher, FindsTheBestOfTheFewGroupingsThatFitWhereMemoryIsAlmostFull) {
  Batcher batcher;
  int split = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    constexpr double kSpares[] = {0, 0.0003, 0.003, 0.02, 0.06, 0.12};
    const double longest = seed % 2 == 0 ? 40'000 : 200'000;
    const BatchingDraw draw =
        Tight(DrawBatching({16, longest, 300, 20}, seed), kSpares[seed % std::size(kSpares)]);
    const BatchingProblem problem = draw.Problem(kObjectives[seed % 3], BatchingMethod::kExact);
    const double optimum = PlainOptimum(problem);
    ASSERT_GT(optimum, 0) << "all of them fit on all instances";
    const BatchingPlan& exact = batcher.Solve(problem);
    ExpectValid(problem, exact);
    EXPECT_NEAR(exact.objective, optimum, 1e-9 * optimum) << "seed " << seed;
    split += exact.groups.size() > 1 ? 1 : 0;
    const BatchingProblem coarse = draw.Problem(kObjectives[seed % 3], BatchingMethod::kBucketed);
    const BatchingPlan& plan = batcher.Solve(coarse);
    ExpectValid(coarse, plan);
    ASSERT_TRUE(plan.feasible) << "seed " << seed;
    EXPECT_LE(plan.objective, optimum * 1.01) << "seed " << seed;
  }
  EXPECT_GT(split, 10);
}

}  // namespace
}  // namespace braid
