#include "planner/batching/batch_cost.h"

#include <algorithm>

namespace braid {
namespace {

double SlackNs(const BatchingRequest& request) {
  return static_cast<double>(request.limit_ns - request.waited_ns);
}

double InverseLimit(const BatchingRequest& request) {
  return 1.0 / static_cast<double>(request.limit_ns);
}

/// `slacks`, sorted, become at most `max_levels` levels in `level`: means of neighbours.
void ChooseLevels(const std::vector<double>& slacks, std::size_t max_levels,
                  std::vector<double>& level) {
  const std::size_t count = slacks.size();
  const std::size_t num_levels = std::min(count, max_levels);
  level.clear();
  for (std::size_t r = 0; r < num_levels; ++r) {
    const std::size_t first = r * count / num_levels;
    const std::size_t end = (r + 1) * count / num_levels;
    double sum = 0;
    for (std::size_t s = first; s < end; ++s) sum += slacks[s];
    const double mean = sum / static_cast<double>(end - first);
    // Equal slacks may fall on both sides of a border; one level a value keeps rows apart.
    if (level.empty() || mean > level.back()) level.push_back(mean);
  }
}

/// The level nearest to `slack`: its own where every slack has one.
std::size_t LevelOf(double slack, const std::vector<double>& level) {
  const auto above = std::lower_bound(level.begin(), level.end(), slack);
  if (above == level.begin()) return 0;
  if (above == level.end()) return level.size() - 1;
  const std::size_t index = static_cast<std::size_t>(above - level.begin());
  return *above - slack <= slack - *(above - 1) ? index : index - 1;
}

void FillHinges(const OrderedRequests& requests, std::size_t max_levels,
                std::vector<double>& slacks, CutGrid& grid) {
  slacks.clear();
  for (std::size_t r = 0; r < requests.size(); ++r) slacks.push_back(SlackNs(requests[r]));
  std::sort(slacks.begin(), slacks.end());
  ChooseLevels(slacks, max_levels, grid.level);

  const std::size_t width = grid.num_positions();
  const std::size_t num_rows = grid.level.size() + 1;
  grid.late.assign(num_rows * width, {0.0, 0.0});
  // First each request alone, in the row after its level and at the position that includes it.
  for (std::size_t p = 1; p < width; ++p) {
    const std::size_t first = static_cast<std::size_t>(grid.cut[p - 1]);
    const std::size_t end = static_cast<std::size_t>(grid.cut[p]);
    for (std::size_t r = first; r < end; ++r) {
      const std::size_t row = LevelOf(SlackNs(requests[r]), grid.level) + 1;
      const double inverse = InverseLimit(requests[r]);
      grid.late[row * width + p].weight += inverse;
      grid.late[row * width + p].slack += inverse * grid.level[row - 1];
    }
  }
  // Then sums along both axes.
  for (std::size_t row = 1; row < num_rows; ++row) {
    CutGrid::Late sum{0.0, 0.0};
    for (std::size_t p = 0; p < width; ++p) {
      CutGrid::Late& late = grid.late[row * width + p];
      const CutGrid::Late& above = grid.late[(row - 1) * width + p];
      sum.weight += late.weight;
      sum.slack += late.slack;
      late = {sum.weight + above.weight, sum.slack + above.slack};
    }
  }
}

}  // namespace

double TimeWeight(const BatchingProblem& problem, const BatchingRequest& request) {
  switch (problem.objective) {
    case BatchingObjective::kNormalisedLatency:
      return 1.0 / request.length;
    case BatchingObjective::kTimeToFirstToken:
      return 1.0;
    case BatchingObjective::kSloHinge:
      return problem.time_weight * InverseLimit(request);
  }
  return 0;
}

void FillCutGrid(const OrderedRequests& requests, std::size_t max_levels,
                 std::vector<double>& slacks, CutGrid& grid) {
  const std::size_t width = grid.num_positions();
  grid.tokens.assign(width, 0.0);
  grid.pairs.assign(width, 0.0);
  grid.weight.assign(width, 0.0);
  grid.slots.assign(width, 0);
  double tokens = 0;
  double pairs = 0;
  double weight = 0;
  std::int64_t slots = 0;
  for (std::size_t p = 1; p < width; ++p) {
    const std::size_t end = static_cast<std::size_t>(grid.cut[p]);
    for (std::size_t r = static_cast<std::size_t>(grid.cut[p - 1]); r < end; ++r) {
      const BatchingRequest& request = requests[r];
      tokens += static_cast<double>(request.tokens);
      pairs += request.pairs;
      weight += TimeWeight(*requests.problem, request);
      slots += request.slots;
    }
    grid.tokens[p] = tokens;
    grid.pairs[p] = pairs;
    grid.weight[p] = weight;
    grid.slots[p] = slots;
  }
  grid.level.clear();
  if (requests.problem->objective == BatchingObjective::kSloHinge && max_levels > 0) {
    FillHinges(requests, max_levels, slacks, grid);
  }
}

IntervalCost<false>::Value GroupCost(const OrderedRequests& requests, std::size_t first,
                                     std::size_t end, std::size_t degree) {
  double tokens = 0;
  double pairs = 0;
  double weight = 0;
  for (std::size_t r = first; r < end; ++r) {
    tokens += static_cast<double>(requests[r].tokens);
    pairs += requests[r].pairs;
    weight += TimeWeight(*requests.problem, requests[r]);
  }
  const double time_ns = requests.problem->lines[degree].Ns(tokens, pairs);
  double cost = time_ns * weight;
  if (requests.problem->objective == BatchingObjective::kSloHinge) {
    for (std::size_t r = first; r < end; ++r) {
      const double late = time_ns - SlackNs(requests[r]);
      if (late > 0) cost += late * InverseLimit(requests[r]);
    }
  }
  return {cost, time_ns};
}

}  // namespace braid
