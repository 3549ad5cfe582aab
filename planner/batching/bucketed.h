#pragma once

#include "planner/batching/batch_cost.h"
#include "planner/batching/group_search.h"
#include "planner/batching/instance_price.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// The search for queues too long for the exact one: cuts only at a grid of positions and only some
/// degrees; then each cut is moved, request by request, to where its two groups cost least; then
/// degrees are chosen anew, all of them allowed, for groups between those cuts.
/// Thread: one at a time.
class BucketedSearch {
 public:
  /// The best groups found, empty if none fit. `search` is left with tables of its own.
  void Run(const OrderedRequests& requests, const SearchSpace& space, GroupSearch& search,
           std::vector<BatchingGroup>& groups);

  /// The optimum itself: the above, and what it found bounds a search over all cuts and degrees.
  /// For queues that are long for GroupSearch::Run.
  void RunExact(const OrderedRequests& requests, const SearchSpace& space, GroupSearch& search,
                std::vector<BatchingGroup>& groups);

 private:
  void ChooseCuts(const OrderedRequests& requests, const PrefillLine& line, std::size_t max_cuts);
  static double CostOf(const OrderedRequests& requests, const std::vector<BatchingGroup>& groups);
  void ChooseDegrees(const SearchSpace& space);
  /// Guided search on grid_, the gap widened until something fits; `groups` stays if nothing does.
  void RunNear(const OrderedRequests& requests, const SearchSpace& space, double price,
               GroupSearch& search, std::vector<BatchingGroup>& groups);
  /// Sum of the costs of the two groups that meet at `cut`; infinite where one does not fit.
  double PairCost(const OrderedRequests& requests, const SearchSpace& space,
                  const BatchingGroup& left, const BatchingGroup& right, std::int32_t cut) const;
  bool MoveCut(const OrderedRequests& requests, const SearchSpace& space, BatchingGroup& left,
               BatchingGroup& right) const;
  void MoveCuts(const OrderedRequests& requests, const SearchSpace& space,
                std::vector<BatchingGroup>& groups) const;

  CutGrid grid_;
  CutGrid full_;  ///< every position, without hinges
  InstancePricing pricing_;
  Guide guide_;
  double last_bound_ = 0;  ///< guide_.prefix_cost of all requests, in the round before
  std::vector<std::int32_t> degrees_;
  std::vector<double> distance_;
  std::vector<double> slacks_;
};

}  // namespace braid
