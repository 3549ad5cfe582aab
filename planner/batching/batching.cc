#include "planner/batching/batching.h"

#include "base/status.h"
#include "planner/batching/batch_cost.h"
#include "planner/batching/bucketed.h"
#include "planner/batching/group_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace braid {

struct Batcher::Scratch {
  std::vector<std::int32_t> request_order;
  std::vector<std::int32_t> instance_order;
  std::vector<std::int64_t> free_slots;
  std::vector<std::int32_t> degrees;
  std::vector<double> slacks;
  CutGrid grid;
  GroupSearch search;
  BucketedSearch bucketed;
  std::vector<BatchingGroup> groups;
  BatchingPlan plan;

  void Order(const BatchingProblem& problem);
  SearchSpace Space(const BatchingProblem& problem);
  void Search(const BatchingProblem& problem, const OrderedRequests& requests);
};

void Batcher::Scratch::Order(const BatchingProblem& problem) {
  request_order.resize(problem.requests.size());
  std::iota(request_order.begin(), request_order.end(), 0);
  std::sort(request_order.begin(), request_order.end(), [&](std::int32_t a, std::int32_t b) {
    const BatchingRequest& x = problem.requests[static_cast<std::size_t>(a)];
    const BatchingRequest& y = problem.requests[static_cast<std::size_t>(b)];
    if (x.tokens != y.tokens) return x.tokens > y.tokens;
    if (x.pairs != y.pairs) return x.pairs > y.pairs;
    return a < b;
  });
  instance_order.resize(problem.instances.size());
  std::iota(instance_order.begin(), instance_order.end(), 0);
  std::sort(instance_order.begin(), instance_order.end(), [&](std::int32_t a, std::int32_t b) {
    const BatchingInstance& x = problem.instances[static_cast<std::size_t>(a)];
    const BatchingInstance& y = problem.instances[static_cast<std::size_t>(b)];
    if (x.free_slots != y.free_slots) return x.free_slots > y.free_slots;
    if (x.node != y.node) return x.node < y.node;
    return a < b;
  });
}

SearchSpace Batcher::Scratch::Space(const BatchingProblem& problem) {
  free_slots.assign(1, 0);
  for (const std::int32_t index : instance_order) {
    free_slots.push_back(free_slots.back() +
                         problem.instances[static_cast<std::size_t>(index)].free_slots);
  }
  degrees.clear();
  const std::size_t max_degree = std::min(problem.instances.size(), problem.lines.size() - 1);
  for (std::size_t degree = 1; degree <= max_degree; ++degree) {
    degrees.push_back(static_cast<std::int32_t>(degree));
  }
  return {.lines = problem.lines, .free_slots = free_slots, .degrees = degrees};
}

void Batcher::Scratch::Search(const BatchingProblem& problem, const OrderedRequests& requests) {
  const SearchSpace space = Space(problem);
  std::int64_t needed = 0;
  for (const BatchingRequest& request : problem.requests) needed += request.slots;
  if (needed > free_slots.back()) return;
  if (problem.method == BatchingMethod::kBucketed) {
    bucketed.Run(requests, space, search, groups);
    return;
  }
  if (problem.method == BatchingMethod::kExact &&
      ChooseBatchingMethod(requests.size(), space.num_instances()) != BatchingMethod::kExact) {
    bucketed.RunExact(requests, space, search, groups);
    return;
  }
  grid.cut.resize(requests.size() + 1);
  std::iota(grid.cut.begin(), grid.cut.end(), 0);
  FillCutGrid(requests, std::numeric_limits<std::size_t>::max(), slacks, grid);
  switch (problem.method) {
    case BatchingMethod::kPaperRule:
      search.RunWithRule(grid, space, SplitRule::kPaper);
      break;
    case BatchingMethod::kReleasedRule:
      search.RunWithRule(grid, space, SplitRule::kReleased);
      break;
    default:
      search.Run(grid, space);
  }
  search.Backtrack(grid, groups);
}

Batcher::Batcher() : scratch_(std::make_unique<Scratch>()) {}
Batcher::Batcher(Batcher&&) noexcept = default;
Batcher& Batcher::operator=(Batcher&&) noexcept = default;
Batcher::~Batcher() = default;

const BatchingPlan& Batcher::Solve(const BatchingProblem& problem) {
  Scratch& scratch = *scratch_;
  for (std::size_t degree = 1; degree < problem.lines.size(); ++degree) {
    const PrefillLine& line = problem.lines[degree];
    BRAID_CHECK(line.a_ns >= 0 && line.b_ns >= 0 && line.c_ns >= 0);
  }
  scratch.Order(problem);
  scratch.groups.clear();
  const OrderedRequests requests{&problem, scratch.request_order};
  if (!problem.requests.empty() && !problem.instances.empty() && problem.lines.size() > 1) {
    scratch.Search(problem, requests);
  }

  BatchingPlan& plan = scratch.plan;
  plan = BatchingPlan{};
  plan.feasible = problem.requests.empty() || !scratch.groups.empty();
  for (BatchingGroup& group : scratch.groups) {
    const auto value = GroupCost(requests, static_cast<std::size_t>(group.first_request),
                                 static_cast<std::size_t>(group.end_request),
                                 static_cast<std::size_t>(group.degree()));
    group.time_ns = value.time_ns;
    plan.objective += value.cost;
    plan.makespan_ns = std::max(plan.makespan_ns, value.time_ns);
  }
  plan.request_order = scratch.request_order;
  plan.instance_order = scratch.instance_order;
  plan.groups = scratch.groups;
  return plan;
}

BatchingMethod ChooseBatchingMethod(std::size_t num_requests, std::size_t num_instances) {
  constexpr std::size_t kMaxExactWork = (std::size_t{256} * 256) * (std::size_t{8} * 8);
  const std::size_t work = num_requests * num_requests * num_instances * num_instances;
  return work <= kMaxExactWork ? BatchingMethod::kExact : BatchingMethod::kBucketed;
}

}  // namespace braid
