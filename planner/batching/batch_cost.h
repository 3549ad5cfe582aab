#pragma once

#include "planner/batching/batching.h"

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace braid {

/// Prefix sums over requests in order, at some of the places where they may be cut: what an
/// interval of requests costs in O(1). Position p stands for the first `cut[p]` requests.
struct CutGrid {
  std::vector<std::int32_t> cut;  ///< ascending, from 0 to the number of requests
  std::vector<double> tokens;
  std::vector<double> pairs;
  std::vector<double> weight;  ///< of T in the objective
  std::vector<std::int64_t> slots;
  /// kSloHinge. A request is late where T exceeds its slack (limit - waited). Row r of `late`
  /// holds, by position, the sums over requests with a slack among the r smallest levels: of
  /// 1 / limit, and of slack / limit. Empty otherwise.
  std::vector<double> level;
  struct Late {
    double weight;
    double slack;
  };
  std::vector<Late> late;

  std::size_t num_positions() const { return cut.size(); }
};

/// What fills a CutGrid: the requests in order.
struct OrderedRequests {
  const BatchingProblem* problem = nullptr;
  std::span<const std::int32_t> order;

  const BatchingRequest& operator[](std::size_t position) const {
    return problem->requests[static_cast<std::size_t>(order[position])];
  }
  std::size_t size() const { return order.size(); }
};

/// Weight of T in the objective of one request.
double TimeWeight(const BatchingProblem& problem, const BatchingRequest& request);

/// Fills all but `cut`, which the caller chose. At most `max_levels` different slacks are kept;
/// where there are more, neighbours share their mean. Scratch: `slacks`.
void FillCutGrid(const OrderedRequests& requests, std::size_t max_levels,
                 std::vector<double>& slacks, CutGrid& grid);

/// The cost of one interval after another that ends at `end` and begins ever earlier: asked for in
/// that order, because T, and with it the number of late slacks, only grows.
template <bool kHinge>
class IntervalCost {
 public:
  IntervalCost(const CutGrid& grid, const PrefillLine& line, std::size_t end)
      : grid_(grid), line_(line), end_(end) {}

  struct Value {
    double cost;
    double time_ns;
  };
  Value From(std::size_t begin) {
    const double time_ns =
        line_.Ns(grid_.tokens[end_] - grid_.tokens[begin], grid_.pairs[end_] - grid_.pairs[begin]);
    double cost = time_ns * (grid_.weight[end_] - grid_.weight[begin]);
    if constexpr (kHinge) {
      while (num_late_ < grid_.level.size() && grid_.level[num_late_] < time_ns) ++num_late_;
      const CutGrid::Late* const row = &grid_.late[num_late_ * grid_.num_positions()];
      const double weight = row[end_].weight - row[begin].weight;
      const double slack = row[end_].slack - row[begin].slack;
      const double late = time_ns * weight - slack;
      if (late > 0) cost += late;
    }
    return {cost, time_ns};
  }

 private:
  const CutGrid& grid_;
  PrefillLine line_;
  std::size_t end_;
  std::size_t num_late_ = 0;
};

/// Calls `function` with true or false as a type, by whether the grid holds hinges.
template <typename Function>
auto WithHinge(const CutGrid& grid, Function&& function) {
  return grid.level.empty() ? function(std::false_type{}) : function(std::true_type{});
}

/// The objective's part and the time of requests [first, end) in one group, from the definition.
/// Cost: O(end - first).
IntervalCost<false>::Value GroupCost(const OrderedRequests& requests, std::size_t first,
                                     std::size_t end, std::size_t degree);

}  // namespace braid
