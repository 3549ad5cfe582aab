#include "planner/batching/batching.h"

#include "bench/batching_draws.h"
#include "tests/planner/batching/brute_force.h"
#include "tests/planner/batching/valid_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>
#include <vector>

namespace braid {
namespace {

constexpr BatchingObjective kObjectives[] = {BatchingObjective::kNormalisedLatency,
                                             BatchingObjective::kTimeToFirstToken,
                                             BatchingObjective::kSloHinge};
constexpr BatchingMethod kMethods[] = {BatchingMethod::kExact, BatchingMethod::kBucketed,
                                       BatchingMethod::kPaperRule, BatchingMethod::kReleasedRule};

/// Small and nasty: few different lengths, slots that bind or lack, degrees that cost more than
/// they save, waits beyond limits, degrees capped below the number of instances.
BatchingDraw NastyDraw(std::uint64_t seed, std::uint64_t max_requests,
                       std::uint64_t max_instances) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  BatchingDraw draw;
  const std::int64_t num_requests = 1 + below(max_requests);
  const std::int64_t num_instances = 1 + below(max_instances);
  const std::int64_t longest = std::int64_t{1} << (1 + below(12));
  std::int64_t needed = 0;
  for (std::int64_t r = 0; r < num_requests; ++r) {
    const std::int64_t tokens = 1 + below(static_cast<std::uint64_t>(longest));
    const std::int64_t slots =
        below(3) == 0 ? below(2 * static_cast<std::uint64_t>(longest)) : tokens;
    needed += slots;
    draw.requests.push_back({.tokens = tokens,
                             .pairs = static_cast<double>(tokens * (tokens + below(100))),
                             .slots = slots,
                             .length = static_cast<double>(tokens),
                             .waited_ns = below(3'000'000),
                             .limit_ns = 1 + below(3'000'000)});
  }
  const std::uint64_t share =
      1 + static_cast<std::uint64_t>(needed / num_instances * (1 + below(4)) / 2);
  for (std::int64_t i = 0; i < num_instances; ++i) {
    draw.instances.push_back(
        {.free_slots = below(2 * share), .node = static_cast<std::int32_t>(below(2))});
  }
  draw.lines.resize(1);
  const std::int64_t num_degrees = below(4) == 0 ? 1 + below(4) : num_instances;
  const double a = static_cast<double>(below(200'000));
  const double growth = static_cast<double>(below(60'000));
  for (std::int64_t d = 1; d <= num_degrees; ++d) {
    const double degree = static_cast<double>(d);
    draw.lines.push_back({.a_ns = a + growth * degree,
                          .b_ns = 200.0 / degree * (1 + 0.05 * static_cast<double>(below(8))),
                          .c_ns = 0.1 / degree});
  }
  return draw;
}

/// A plan's objective recomputed by the reference from its groups alone.
double ObjectiveOf(const BatchingReference& reference, const BatchingPlan& plan) {
  double sum = 0;
  for (const BatchingGroup& group : plan.groups) {
    sum += reference.Cost(static_cast<std::size_t>(group.first_request),
                          static_cast<std::size_t>(group.end_request),
                          static_cast<std::size_t>(group.degree()));
  }
  return sum;
}

TEST(Batcher, FindsWhatEveryCombinationOfIntervalsFindsOnThousandsOfSmallCases) {
  Batcher batcher;
  int infeasible = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const BatchingDraw draw = NastyDraw(seed, 7, 5);
    const BatchingObjective objective = kObjectives[seed % 3];
    const BatchingProblem problem = draw.Problem(objective, BatchingMethod::kExact);
    const double best = BatchingReference(problem).BruteForce();
    const BatchingPlan& plan = batcher.Solve(problem);
    ASSERT_EQ(plan.feasible, std::isfinite(best)) << "seed " << seed;
    if (!plan.feasible) {
      ++infeasible;
      continue;
    }
    ASSERT_NEAR(plan.objective, best, 1e-9 * best) << "seed " << seed;
  }
  EXPECT_GT(infeasible, 100);
  EXPECT_LT(infeasible, 2000);
}

TEST(Batcher, FindsWhatTheUnprunedRecurrenceFindsOnHundredsOfLargerCases) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const BatchingDraw draw = NastyDraw(seed + 10'000, 32, 8);
    const BatchingProblem problem = draw.Problem(kObjectives[seed % 3], BatchingMethod::kExact);
    const double best = BatchingReference(problem).Recurrence();
    const BatchingPlan& plan = batcher.Solve(problem);
    ASSERT_EQ(plan.feasible, std::isfinite(best)) << "seed " << seed;
    if (plan.feasible) {
      ASSERT_NEAR(plan.objective, best, 1e-9 * best) << "seed " << seed;
    }
  }
}

TEST(Batcher, FindsTheOptimumOfQueuesThatLookLikeThoseOfAnA800) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const double longest = seed % 2 == 0 ? 2300 : 200000;
    const BatchingDraw draw = DrawBatching({16, longest, 48, 8}, seed);
    for (const BatchingObjective objective : kObjectives) {
      const BatchingProblem problem = draw.Problem(objective, BatchingMethod::kExact);
      const double best = BatchingReference(problem).Recurrence();
      const BatchingPlan& plan = batcher.Solve(problem);
      ASSERT_EQ(plan.feasible, std::isfinite(best)) << "seed " << seed;
      if (plan.feasible) {
        ASSERT_NEAR(plan.objective, best, 1e-9 * best) << "seed " << seed;
      }
    }
  }
}

TEST(Batcher, LosesNoRequestUsesNoInstanceTwiceAndKeepsToFreeSlotsByEveryMethod) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const BatchingDraw draw = NastyDraw(seed + 20'000, 60, 10);
    for (const BatchingMethod method : kMethods) {
      const BatchingProblem problem = draw.Problem(kObjectives[seed % 3], method);
      const BatchingPlan& plan = batcher.Solve(problem);
      ExpectValid(problem, plan);
      const double sum = ObjectiveOf(BatchingReference(problem), plan);
      ASSERT_NEAR(plan.objective, sum, 1e-9 * sum) << "seed " << seed;
      ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
  }
}

TEST(Batcher, CollapsesToOneGroupUnderTheReleasedRuleAndNotUnderThePapers) {
  Batcher batcher;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const BatchingDraw draw = DrawBatching({16, 2300, 64, 8}, seed);
    const auto objective = BatchingObjective::kNormalisedLatency;
    EXPECT_EQ(batcher.Solve(draw.Problem(objective, BatchingMethod::kReleasedRule)).groups.size(),
              1U);
    const double paper =
        batcher.Solve(draw.Problem(objective, BatchingMethod::kPaperRule)).objective;
    const BatchingPlan& exact = batcher.Solve(draw.Problem(objective, BatchingMethod::kExact));
    EXPECT_EQ(exact.groups.size(), 8U);
    EXPECT_NEAR(paper, exact.objective, 1e-9 * paper);
  }
}

TEST(Batcher, GivesLongPromptsMoreInstancesThanShortOnes) {
  BatchingDraw draw;
  draw.lines = A800Lines(4);
  draw.instances.assign(4, {.free_slots = 210'000});
  for (const std::int64_t tokens : {100, 200'000, 120}) {
    const double length = static_cast<double>(tokens);
    draw.requests.push_back(
        {.tokens = tokens, .pairs = length * length, .slots = tokens, .length = length});
  }
  Batcher batcher;
  const BatchingPlan& plan =
      batcher.Solve(draw.Problem(BatchingObjective::kTimeToFirstToken, BatchingMethod::kExact));
  ASSERT_TRUE(plan.feasible);
  ASSERT_GE(plan.groups.size(), 2U);
  EXPECT_EQ(plan.request_order[0], 1);
  EXPECT_EQ(plan.groups[0].end_request, 1);
  EXPECT_GE(plan.groups[0].degree(), 2);
  EXPECT_EQ(plan.groups.back().degree(), 1);
}

TEST(Batcher, PutsTheLateFirstWhereTheObjectiveAsksForLimits) {
  // Two instances, one long prompt with time to spare and many short ones that are due: shortest
  // total time would give them unequal halves too, but only the hinge sees that the long may wait.
  BatchingDraw draw;
  draw.lines = A800Lines(2);
  draw.instances.assign(2, {.free_slots = 210'000});
  draw.requests.push_back({.tokens = 100'000,
                           .pairs = 1e10,
                           .slots = 100'000,
                           .length = 1e5,
                           .waited_ns = 0,
                           .limit_ns = 60'000'000'000});
  draw.requests.push_back({.tokens = 2'000,
                           .pairs = 4e6,
                           .slots = 2'000,
                           .length = 2e3,
                           .waited_ns = 900'000'000,
                           .limit_ns = 1'000'000'000});
  Batcher batcher;
  const BatchingPlan& plan =
      batcher.Solve(draw.Problem(BatchingObjective::kSloHinge, BatchingMethod::kExact));
  ASSERT_EQ(plan.groups.size(), 2U);
  const double late =
      (draw.lines[1].Ns(2e3, 4e6) - 100'000'000) / 1e9 + 1e-3 * draw.lines[1].Ns(2e3, 4e6) / 1e9;
  const double calm = 1e-3 * draw.lines[1].Ns(1e5, 1e10) / 60e9;
  EXPECT_NEAR(plan.objective, std::max(0.0, late) + calm, 1e-9);
}

TEST(Batcher, BreaksTiesByTheSlowestGroup) {
  // Every limit is met whatever the groups, so all plans cost 0; the makespan decides.
  BatchingDraw draw;
  draw.lines = A800Lines(4);
  draw.instances.assign(4, {.free_slots = 210'000});
  for (int r = 0; r < 4; ++r) {
    draw.requests.push_back({.tokens = 8'000,
                             .pairs = 6.4e7,
                             .slots = 8'000,
                             .length = 8e3,
                             .waited_ns = 0,
                             .limit_ns = 1'000'000'000'000});
  }
  BatchingProblem problem = draw.Problem(BatchingObjective::kSloHinge, BatchingMethod::kExact);
  problem.time_weight = 0;
  Batcher batcher;
  const BatchingPlan& plan = batcher.Solve(problem);
  EXPECT_EQ(plan.objective, 0);
  double least = draw.lines[4].Ns(32'000, 4 * 6.4e7);
  least = std::min(least, draw.lines[2].Ns(16'000, 2 * 6.4e7));
  least = std::min(least, draw.lines[1].Ns(8'000, 6.4e7));
  EXPECT_DOUBLE_EQ(plan.makespan_ns, least);
}

TEST(Batcher, SaysSoWhenPromptsDoNotFitAndWhenThereIsNothingToDo) {
  BatchingDraw draw;
  draw.lines = A800Lines(2);
  draw.instances.assign(2, {.free_slots = 100});
  draw.requests.assign(3, {.tokens = 70, .pairs = 4900, .slots = 70, .length = 70});
  Batcher batcher;
  for (const BatchingMethod method : kMethods) {
    EXPECT_FALSE(
        batcher.Solve(draw.Problem(BatchingObjective::kTimeToFirstToken, method)).feasible);
  }
  draw.requests.clear();
  EXPECT_TRUE(
      batcher.Solve(draw.Problem(BatchingObjective::kTimeToFirstToken, BatchingMethod::kExact))
          .feasible);
  draw.requests.assign(1, {.tokens = 1, .pairs = 1, .slots = 1, .length = 1});
  draw.instances.clear();
  EXPECT_FALSE(
      batcher.Solve(draw.Problem(BatchingObjective::kTimeToFirstToken, BatchingMethod::kExact))
          .feasible);
}

TEST(Batcher, GivesTheSameAnswerFromFreshAndFromUsedMemory) {
  Batcher used;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const BatchingDraw draw = NastyDraw(seed + 30'000, 40, 8);
    for (const BatchingMethod method : kMethods) {
      const BatchingProblem problem = draw.Problem(kObjectives[seed % 3], method);
      Batcher fresh;
      const BatchingPlan& a = fresh.Solve(problem);
      const BatchingPlan& b = used.Solve(problem);
      ASSERT_EQ(a.objective, b.objective);
      ASSERT_EQ(a.groups.size(), b.groups.size());
      for (std::size_t g = 0; g < a.groups.size(); ++g) {
        ASSERT_EQ(a.groups[g].end_request, b.groups[g].end_request);
        ASSERT_EQ(a.groups[g].first_instance, b.groups[g].first_instance);
        ASSERT_EQ(a.groups[g].end_instance, b.groups[g].end_instance);
      }
    }
  }
}

TEST(ChooseBatchingMethod, IsExactUpToTheQueuesThatAreFastEnough) {
  EXPECT_EQ(ChooseBatchingMethod(64, 8), BatchingMethod::kExact);
  EXPECT_EQ(ChooseBatchingMethod(256, 8), BatchingMethod::kExact);
  EXPECT_EQ(ChooseBatchingMethod(32, 64), BatchingMethod::kExact);
  EXPECT_EQ(ChooseBatchingMethod(1024, 64), BatchingMethod::kBucketed);
}

}  // namespace
}  // namespace braid
