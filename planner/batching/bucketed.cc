#include "planner/batching/bucketed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace braid {
namespace {

// Chosen on queues of 1,024 for 64 instances: within 1 % of the optimum in less than 10 ms.
// Intervals of kSloHinge cost more to price, so it gets fewer cuts.
constexpr std::size_t kPriceCuts = 128;
constexpr std::size_t kHingePriceCuts = 64;
constexpr std::size_t kPriceLevels = 16;
constexpr std::size_t kCuts = 400;
constexpr std::size_t kHingeCuts = 344;
constexpr std::size_t kLevels = 64;
// Distances from what the relaxation promises, as shares of it.
constexpr double kFirstGap = 0.01;
constexpr double kHingeFirstGap = 0.006;
constexpr double kSmallestGap = 0.001;
constexpr double kRounding = 1e-9;  // of sums of some thousand terms, with much to spare
constexpr int kMaxAttempts = 5;     // each with four times the gap
constexpr int kMaxSweeps = 4;
constexpr double kSmallestCost = 1e-300;  // instead of 0 as a divisor

std::size_t Index(std::int32_t value) { return static_cast<std::size_t>(value); }

}  // namespace

void BucketedSearch::Run(const OrderedRequests& requests, const SearchSpace& space,
                         GroupSearch& search, std::vector<BatchingGroup>& groups) {
  full_.cut.resize(requests.size() + 1);
  std::iota(full_.cut.begin(), full_.cut.end(), 0);
  FillCutGrid(requests, 0, slacks_, full_);
  ChooseDegrees(space);
  const SearchSpace fewer{space.lines, space.free_slots, degrees_};
  const bool hinge = requests.problem->objective == BatchingObjective::kSloHinge;
  ChooseCuts(requests, space.lines[1], hinge ? kHingePriceCuts : kPriceCuts);
  FillCutGrid(requests, kPriceLevels, slacks_, grid_);
  const double price = pricing_.FindPrice(grid_, fewer);
  last_bound_ = pricing_.cost();

  ChooseCuts(requests, space.lines[1], hinge ? kHingeCuts : kCuts);
  RunNear(requests, fewer, price, search, groups);
  if (groups.empty()) {
    // What only a finer cut or another degree would fit: rare, so it may cost what it costs.
    FillCutGrid(requests, std::numeric_limits<std::size_t>::max(), slacks_, full_);
    search.Run(full_, space);
    search.Backtrack(full_, groups);
    return;
  }
  MoveCuts(requests, space, groups);
  grid_.cut.assign(1, 0);
  for (const BatchingGroup& group : groups) grid_.cut.push_back(group.end_request);
  RunNear(requests, space, price, search, groups);
  MoveCuts(requests, space, groups);
}

// Whatever is better than the groups known lies within their distance from the guide's promise, and
// within that distance the guided search is exact.
void BucketedSearch::RunExact(const OrderedRequests& requests, const SearchSpace& space,
                              GroupSearch& search, std::vector<BatchingGroup>& groups) {
  Run(requests, space, search, groups);
  if (groups.empty()) return;
  constexpr std::size_t kAllLevels = std::numeric_limits<std::size_t>::max();
  FillCutGrid(requests, kAllLevels, slacks_, full_);
  const double price = guide_.instance_price;
  const double known =
      CostOf(requests, groups) + price * static_cast<double>(space.num_instances());
  pricing_.FillGuide(full_, space, price, kSmallestGap * known, guide_);
  guide_.gap = std::max(0.0, known - guide_.prefix_cost.back()) + kRounding * known;
  search.RunGuided(full_, space, guide_);
  search.Backtrack(full_, groups);
}

double BucketedSearch::CostOf(const OrderedRequests& requests,
                              const std::vector<BatchingGroup>& groups) {
  double cost = 0;
  for (const BatchingGroup& group : groups) {
    cost += GroupCost(requests, Index(group.first_request), Index(group.end_request),
                      Index(group.degree()))
                .cost;
  }
  return cost;
}

void BucketedSearch::RunNear(const OrderedRequests& requests, const SearchSpace& space,
                             double price, GroupSearch& search,
                             std::vector<BatchingGroup>& groups) {
  FillCutGrid(requests, kLevels, slacks_, grid_);
  const bool hinge = requests.problem->objective == BatchingObjective::kSloHinge;
  const double first_share = hinge ? kHingeFirstGap : kFirstGap;
  // What is known bounds what is looked for; else a share of what the whole costs.
  const double paid = price * static_cast<double>(space.num_instances());
  double first_gap = first_share * last_bound_;
  pricing_.FillGuide(grid_, space, price, first_gap, guide_);
  const double bound = guide_.prefix_cost.back();
  last_bound_ = bound;
  if (groups.empty()) {
    first_gap = first_share * bound;
  } else {
    const double known = CostOf(requests, groups) + paid - bound;
    first_gap = std::clamp(known, kSmallestGap * bound, first_share * bound);
  }
  if (!std::isfinite(bound)) return;
  guide_.gap = first_gap;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    search.RunGuided(grid_, space, guide_);
    const bool found = search.Backtrack(grid_, groups);
    if (found && search.best_cost() + paid <= bound + guide_.gap) break;
    guide_.gap *= 4;
  }
}

// A group of requests with times t and weights w costs about (sum t) x (sum w): least in all where
// cuts are evenly spaced in the sum of sqrt(t w). Half of the distance is that; a quarter counts
// requests, and a quarter tokens, because slots are filled best by cuts among the longest.
void BucketedSearch::ChooseCuts(const OrderedRequests& requests, const PrefillLine& line,
                                std::size_t max_cuts) {
  const std::size_t count = requests.size();
  if (count <= max_cuts) {
    grid_.cut = full_.cut;
    return;
  }
  distance_.assign(1, 0.0);
  for (std::size_t r = 0; r < count; ++r) {
    const double tokens = static_cast<double>(requests[r].tokens);
    const double time_ns = line.b_ns * tokens + line.c_ns * requests[r].pairs;
    const double weight = TimeWeight(*requests.problem, requests[r]);
    distance_.push_back(distance_.back() + std::sqrt(time_ns * weight));
  }
  const double whole = std::max(distance_.back(), kSmallestCost);
  const double steps = static_cast<double>(max_cuts);
  double next = 1;
  grid_.cut.assign(1, 0);
  for (std::size_t position = 1; position < count; ++position) {
    const double share = 0.5 * distance_[position] / whole +
                         0.25 * static_cast<double>(position) / static_cast<double>(count) +
                         0.25 * full_.tokens[position] / full_.tokens.back();
    if (share * steps < next) continue;
    grid_.cut.push_back(static_cast<std::int32_t>(position));
    next = std::max(next + 1, share * steps);
  }
  grid_.cut.push_back(static_cast<std::int32_t>(count));
}

// All of the first eight, then steps of about a seventh.
void BucketedSearch::ChooseDegrees(const SearchSpace& space) {
  degrees_.clear();
  std::int32_t next = 1;
  for (const std::int32_t degree : space.degrees) {
    if (degree < next && degree != space.degrees.back()) continue;
    degrees_.push_back(degree);
    next = degree + std::max(1, degree / 7);
  }
}

double BucketedSearch::PairCost(const OrderedRequests& requests, const SearchSpace& space,
                                const BatchingGroup& left, const BatchingGroup& right,
                                std::int32_t cut) const {
  double cost = 0;
  for (const bool is_left : {true, false}) {
    const BatchingGroup& group = is_left ? left : right;
    const std::size_t first = Index(is_left ? group.first_request : cut);
    const std::size_t end = Index(is_left ? cut : group.end_request);
    const std::int64_t room =
        space.free_slots[Index(group.end_instance)] - space.free_slots[Index(group.first_instance)];
    if (full_.slots[end] - full_.slots[first] > room) {
      return std::numeric_limits<double>::infinity();
    }
    if (requests.problem->objective == BatchingObjective::kSloHinge) {
      cost += GroupCost(requests, first, end, Index(group.degree())).cost;
    } else {
      cost += IntervalCost<false>(full_, space.lines[Index(group.degree())], end).From(first).cost;
    }
  }
  return cost;
}

bool BucketedSearch::MoveCut(const OrderedRequests& requests, const SearchSpace& space,
                             BatchingGroup& left, BatchingGroup& right) const {
  std::int32_t best_cut = left.end_request;
  double best = PairCost(requests, space, left, right, best_cut);
  const std::int32_t start = best_cut;
  for (std::int32_t step = 8; step > 0; step /= 2) {
    for (const std::int32_t direction : {-step, step}) {
      for (;;) {
        const std::int32_t cut = best_cut + direction;
        if (cut <= left.first_request || cut >= right.end_request) break;
        const double cost = PairCost(requests, space, left, right, cut);
        if (cost >= best) break;
        best = cost;
        best_cut = cut;
      }
    }
  }
  left.end_request = best_cut;
  right.first_request = best_cut;
  return best_cut != start;
}

void BucketedSearch::MoveCuts(const OrderedRequests& requests, const SearchSpace& space,
                              std::vector<BatchingGroup>& groups) const {
  bool moved = true;
  for (int sweep = 0; sweep < kMaxSweeps && moved; ++sweep) {
    moved = false;
    for (std::size_t g = 0; g + 1 < groups.size(); ++g) {
      if (MoveCut(requests, space, groups[g], groups[g + 1])) moved = true;
    }
  }
}

}  // namespace braid
