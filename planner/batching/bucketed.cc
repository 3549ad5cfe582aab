#include "planner/batching/bucketed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace braid {
namespace {

// Chosen on queues of 1,024 for 64 instances: within 1 % of the optimum in less than 10 ms.
// Intervals of kSloHinge cost more to price, so it gets fewer cuts.
constexpr std::size_t kPriceCuts = 96;
constexpr std::size_t kHingePriceCuts = 64;
constexpr std::size_t kPriceLevels = 16;
constexpr std::size_t kCuts = 400;
constexpr std::size_t kHingeCuts = 344;
constexpr std::size_t kLevels = 32;
// Distances from what the relaxation promises, as shares of it.
constexpr double kFirstGap = 0.01;
constexpr double kHingeFirstGap = 0.009;
constexpr double kSmallestGap = 0.001;
constexpr double kRounding = 1e-9;  // of sums of some thousand terms, with much to spare
constexpr int kMaxAttempts = 5;     // each with four times the gap
constexpr int kMaxSweeps = 4;
// How far a cut moves in a sweep, in requests; staying first, so that ties change nothing.
constexpr std::int32_t kOffsets[] = {0, -1, 1, -2, 2, -4, 4, -8, 8};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kAllLevels = std::numeric_limits<std::size_t>::max();
// Steps of GroupSearch::RunTight, some ns each: fewer than these take no longer than a search near
// the relaxation, an exact one, a search over all cuts.
constexpr double kTightWork = 1e6;
constexpr double kExactTightWork = 3e7;
constexpr double kFallbackWork = 2e7;
constexpr double kSmallestCost = 1e-300;  // instead of 0 as a divisor

std::size_t Index(std::int32_t value) { return static_cast<std::size_t>(value); }

}  // namespace

void BucketedSearch::Run(const OrderedRequests& requests, const SearchSpace& space,
                         GroupSearch& search, std::vector<BatchingGroup>& groups) {
  ReadQueue(requests, space);
  grid_.cut = possible_;
  if (RunTight(requests, space, {kTightWork, kLevels}, search, groups)) {
    MoveCuts(requests, space, groups);
  } else {
    RunOnGrids(requests, space, search, groups);
  }
}

void BucketedSearch::RunOnGrids(const OrderedRequests& requests, const SearchSpace& space,
                                GroupSearch& search, std::vector<BatchingGroup>& groups) {
  ChooseDegrees(space);
  const SearchSpace fewer{space.lines, space.free_slots, degrees_};
  const bool hinge = requests.problem->objective == BatchingObjective::kSloHinge;
  ChooseCuts(requests, space.lines[1], hinge ? kHingePriceCuts : kPriceCuts);
  FillCutGrid(requests, kPriceLevels, slacks_, grid_);
  price_ = pricing_.FindPrice(grid_, fewer);
  const double first_gap = (hinge ? kHingeFirstGap : kFirstGap) * pricing_.cost();

  ChooseCuts(requests, space.lines[1], hinge ? kHingeCuts : kCuts);
  if (!RunTight(requests, fewer, {kTightWork, kLevels}, search, groups)) {
    RunNear(requests, fewer, first_gap, search, groups);
    if (groups.empty()) RunTight(requests, fewer, {kFallbackWork, kLevels}, search, groups);
  }
  if (groups.empty()) {
    // What only a finer cut or another degree would fit: rare, so it may cost what it costs.
    FillCutGrid(requests, kAllLevels, slacks_, full_);
    search.Run(full_, space);
    search.Backtrack(full_, groups);
    return;
  }
  MoveCuts(requests, space, groups);
  grid_.cut.assign(1, 0);
  for (const BatchingGroup& group : groups) grid_.cut.push_back(group.end_request);
  RunNear(requests, space, kSmallestGap * pricing_.cost(), search, groups);
  MoveCuts(requests, space, groups);
}

void BucketedSearch::ReadQueue(const OrderedRequests& requests, const SearchSpace& space) {
  full_.cut.resize(requests.size() + 1);
  std::iota(full_.cut.begin(), full_.cut.end(), 0);
  FillCutGrid(requests, 0, slacks_, full_);
  possible_.clear();
  for (std::size_t p = 0; p < full_.num_positions(); ++p) {
    const std::int64_t before = full_.slots[p];
    const CellSpan cells = PossibleCells(space, before, full_.slots.back() - before);
    if (cells.begin < cells.end) possible_.push_back(full_.cut[p]);
  }
}

bool BucketedSearch::RunTight(const OrderedRequests& requests, const SearchSpace& space,
                              const TightLimits& limits, GroupSearch& search,
                              std::vector<BatchingGroup>& groups) {
  FillCutGrid(requests, 0, slacks_, grid_);
  if (search.TightWork(grid_, space) > limits.most_work) return false;
  FillCutGrid(requests, limits.max_levels, slacks_, grid_);
  search.RunTight(grid_, space);
  search.Backtrack(grid_, groups);
  return true;
}

// Whatever is better than the groups known lies within their distance from what the relaxation
// promises, and within that distance its search is exact.
void BucketedSearch::RunExact(const OrderedRequests& requests, const SearchSpace& space,
                              GroupSearch& search, std::vector<BatchingGroup>& groups) {
  ReadQueue(requests, space);
  grid_.cut = possible_;
  if (RunTight(requests, space, {kExactTightWork, kAllLevels}, search, groups)) return;
  RunOnGrids(requests, space, search, groups);
  if (groups.empty()) return;
  FillCutGrid(requests, kAllLevels, slacks_, full_);
  const double known =
      CostOf(requests, groups) + price_ * static_cast<double>(space.num_instances());
  pricing_.Price(full_, space, price_, kSmallestGap * known);
  const double gap = std::max(0.0, known - pricing_.cost()) + kRounding * known;
  pricing_.Search(full_, space, price_, gap, search);
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
                             double first_gap, GroupSearch& search,
                             std::vector<BatchingGroup>& groups) {
  FillCutGrid(requests, kLevels, slacks_, grid_);
  const double paid = price_ * static_cast<double>(space.num_instances());
  double gap = first_gap;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    pricing_.Search(grid_, space, price_, gap, search);
    const bool found = search.Backtrack(grid_, groups);
    if (found && search.best_cost() + paid <= pricing_.cost() + gap) break;
    gap *= 4;
  }
}

// A group of requests with times t and weights w costs about (sum t) x (sum w): least in all where
// cuts are evenly spaced in the sum of sqrt(t w). Half of the distance is that; a quarter counts
// requests, and a quarter tokens, because slots are filled best by cuts among the longest.
void BucketedSearch::ChooseCuts(const OrderedRequests& requests, const PrefillLine& line,
                                std::size_t max_cuts) {
  const std::size_t count = requests.size();
  if (possible_.size() <= max_cuts + 1) {
    grid_.cut = possible_;
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
  for (const std::int32_t cut : possible_) {
    const std::size_t position = Index(cut);
    if (position == 0 || position == count) continue;
    const double share = 0.5 * distance_[position] / whole +
                         0.25 * static_cast<double>(position) / static_cast<double>(count) +
                         0.25 * full_.tokens[position] / full_.tokens.back();
    if (share * steps < next) continue;
    grid_.cut.push_back(cut);
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

double BucketedSearch::CostAt(const OrderedRequests& requests, const SearchSpace& space,
                              const BatchingGroup& group, std::int32_t first,
                              std::int32_t end) const {
  const std::int64_t room =
      space.free_slots[Index(group.end_instance)] - space.free_slots[Index(group.first_instance)];
  if (full_.slots[Index(end)] - full_.slots[Index(first)] > room) return kInfinity;
  if (requests.problem->objective == BatchingObjective::kSloHinge) {
    return GroupCost(requests, Index(first), Index(end), Index(group.degree())).cost;
  }
  return IntervalCost<false>(full_, space.lines[Index(group.degree())], Index(end))
      .From(Index(first))
      .cost;
}

// One cut after the other would not do: where groups are full, cuts move together or not at all.
bool BucketedSearch::MoveCutsOnce(const OrderedRequests& requests, const SearchSpace& space,
                                  std::vector<BatchingGroup>& groups) {
  places_.assign(1, Place());
  std::size_t before = 0;  // places of the cut before
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::size_t end_before = places_.size();
    const bool last = g + 1 == groups.size();
    for (const std::int32_t offset : kOffsets) {
      const std::int32_t cut = groups[g].end_request + offset;
      if (last ? offset != 0 : cut <= groups[g].first_request || cut >= groups[g + 1].end_request) {
        continue;
      }
      Place place = {.cut = cut, .cost = kInfinity, .before = before};
      for (std::size_t b = before; b < end_before; ++b) {
        if (places_[b].cut >= cut) continue;
        const double cost =
            places_[b].cost + CostAt(requests, space, groups[g], places_[b].cut, cut);
        if (cost < place.cost) {
          place.cost = cost;
          place.before = b;
        }
      }
      places_.push_back(place);
    }
    before = end_before;
  }
  bool moved = false;
  std::size_t at = places_.size() - 1;
  for (std::size_t g = groups.size(); g-- > 1;) {
    at = places_[at].before;
    moved = moved || groups[g].first_request != places_[at].cut;
    groups[g].first_request = places_[at].cut;
    groups[g - 1].end_request = places_[at].cut;
  }
  return moved;
}

void BucketedSearch::MoveCuts(const OrderedRequests& requests, const SearchSpace& space,
                              std::vector<BatchingGroup>& groups) {
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    if (!MoveCutsOnce(requests, space, groups)) return;
  }
}

}  // namespace braid
