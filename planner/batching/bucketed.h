#pragma once

#include "planner/batching/batch_cost.h"
#include "planner/batching/group_search.h"
#include "planner/batching/instance_price.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// The search for queues too long for the exact one: cuts only at a grid of positions and only some
/// degrees; then all cuts are moved together, a few requests at a time, to where the groups cost
/// least; then degrees are chosen anew, all of them allowed, for groups between those cuts. Where
/// memory is so short that few cuts are possible at all, the search is over all of those.
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
  struct TightLimits {
    double most_work;        ///< as GroupSearch::TightWork counts it
    std::size_t max_levels;  ///< as FillCutGrid
  };
  /// Fills full_ with every position, possible_ with those where memory allows a cut.
  void ReadQueue(const OrderedRequests& requests, const SearchSpace& space);
  void ChooseCuts(const OrderedRequests& requests, const PrefillLine& line, std::size_t max_cuts);
  /// Searches all cells of grid_ that memory allows; false, and nothing is done, where they are too
  /// many.
  bool RunTight(const OrderedRequests& requests, const SearchSpace& space,
                const TightLimits& limits, GroupSearch& search, std::vector<BatchingGroup>& groups);
  static double CostOf(const OrderedRequests& requests, const std::vector<BatchingGroup>& groups);
  void ChooseDegrees(const SearchSpace& space);
  /// On a grid of cuts and of degrees first, then on finer ones around what was found.
  void RunOnGrids(const OrderedRequests& requests, const SearchSpace& space, GroupSearch& search,
                  std::vector<BatchingGroup>& groups);
  /// Search on grid_ near what instances at price_ promise, at first within `first_gap`, then wider
  /// until something fits; `groups` stays if nothing does.
  void RunNear(const OrderedRequests& requests, const SearchSpace& space, double first_gap,
               GroupSearch& search, std::vector<BatchingGroup>& groups);
  /// What `group` costs with requests [first, end) on its instances; infinite where they do not
  /// fit.
  double CostAt(const OrderedRequests& requests, const SearchSpace& space,
                const BatchingGroup& group, std::int32_t first, std::int32_t end) const;
  /// Moves all cuts at once to the best places a few requests away; false where they are there.
  bool MoveCutsOnce(const OrderedRequests& requests, const SearchSpace& space,
                    std::vector<BatchingGroup>& groups);
  void MoveCuts(const OrderedRequests& requests, const SearchSpace& space,
                std::vector<BatchingGroup>& groups);

  CutGrid grid_;
  CutGrid full_;                        ///< every position, without hinges
  std::vector<std::int32_t> possible_;  ///< positions of full_
  InstancePricing pricing_;
  double price_ = 0;  ///< of an instance, on the last grids
  /// Of MoveCutsOnce: a place for a cut, the cheapest groups before it, and the cut before it.
  struct Place {
    std::int32_t cut = 0;
    double cost = 0;
    std::size_t before = 0;
  };
  std::vector<Place> places_;  ///< of all cuts, one after the other
  std::vector<std::int32_t> degrees_;
  std::vector<double> distance_;
  std::vector<double> slacks_;
};

}  // namespace braid
