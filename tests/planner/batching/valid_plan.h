#pragma once

#include "planner/batching/batching.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>

namespace braid {

/// Fails the test where a plan loses a request, uses an instance twice, overfills a group or
/// misstates a time.
inline void ExpectValid(const BatchingProblem& problem, const BatchingPlan& plan) {
  ASSERT_EQ(plan.request_order.size(), problem.requests.size());
  ASSERT_EQ(plan.instance_order.size(), problem.instances.size());
  EXPECT_EQ(std::set<std::int32_t>(plan.request_order.begin(), plan.request_order.end()).size(),
            problem.requests.size());
  EXPECT_EQ(std::set<std::int32_t>(plan.instance_order.begin(), plan.instance_order.end()).size(),
            problem.instances.size());
  if (!plan.feasible) {
    EXPECT_TRUE(plan.groups.empty());
    return;
  }
  std::int32_t next_request = 0;
  std::int32_t next_instance = 0;
  double makespan_ns = 0;
  for (const BatchingGroup& group : plan.groups) {
    EXPECT_EQ(group.first_request, next_request);
    EXPECT_GE(group.first_instance, next_instance);
    EXPECT_GT(group.end_request, group.first_request);
    EXPECT_GE(group.degree(), 1);
    EXPECT_LT(static_cast<std::size_t>(group.degree()), problem.lines.size());
    next_request = group.end_request;
    next_instance = group.end_instance;
    std::int64_t needed = 0;
    double tokens = 0;
    double pairs = 0;
    for (std::int32_t r = group.first_request; r < group.end_request; ++r) {
      const auto index = static_cast<std::size_t>(plan.request_order[static_cast<std::size_t>(r)]);
      needed += problem.requests[index].slots;
      tokens += static_cast<double>(problem.requests[index].tokens);
      pairs += problem.requests[index].pairs;
    }
    std::int64_t room = 0;
    for (std::int32_t i = group.first_instance; i < group.end_instance; ++i) {
      const auto index = static_cast<std::size_t>(plan.instance_order[static_cast<std::size_t>(i)]);
      room += problem.instances[index].free_slots;
    }
    EXPECT_LE(needed, room);
    const double time_ns =
        problem.lines[static_cast<std::size_t>(group.degree())].Ns(tokens, pairs);
    EXPECT_DOUBLE_EQ(group.time_ns, time_ns);
    makespan_ns = std::max(makespan_ns, time_ns);
  }
  EXPECT_EQ(next_request, static_cast<std::int32_t>(problem.requests.size()));
  EXPECT_LE(next_instance, static_cast<std::int32_t>(problem.instances.size()));
  EXPECT_DOUBLE_EQ(plan.makespan_ns, makespan_ns);
}

}  // namespace braid
