#pragma once

#include "planner/batching/batch_cost.h"
#include "planner/batching/group_search.h"

#include <cstddef>
#include <vector>

namespace braid {

/// Finds the price of an instance at which groups that buy what they use would buy about as many
/// as there are: Lagrange's relaxation of the count of instances. One dimension less than the real
/// search, so a fine grid is cheap.
/// Thread: one at a time.
class InstancePricing {
 public:
  /// The price whose relaxation bounds costs best. Cost: O(p w d) a price, up to seven prices, for
  /// intervals of up to w of p positions and d degrees.
  double FindPrice(const CutGrid& grid, const SearchSpace& space);

  /// Of the whole at the last price tried, instances paid.
  double cost() const { return cost_.back(); }

  /// The optimum with counted instances, left in `search`, if with its instances paid it costs at
  /// most `gap` more than cost() then says; otherwise worse or nothing. It is exact within the gap
  /// because along every solution (cost + paid - cheapest at this position) never falls.
  void Search(const CutGrid& grid, const SearchSpace& space, double price, double gap,
              GroupSearch& search);

  /// Finds cost() at a price. With a larger `slack` a row takes longer and prunes later rows more.
  void Price(const CutGrid& grid, const SearchSpace& space, double price, double slack);

 private:
  struct Tariff {
    double price;
    double slack;  ///< a degree is given up for a cell that much above the best
  };
  /// Optimum at a price; returns the instances that it buys.
  std::size_t Buy(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff);
  void Reset(const CutGrid& grid, const SearchSpace& space);
  /// With kKeep, steps_ are those within the slack of the best so far.
  template <bool kHinge, bool kKeep>
  void BuyRow(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff, std::size_t end);
  /// The most free slots that `width` instances for a group from `begin` on can have.
  std::int64_t Room(const SearchSpace& space, std::size_t begin, std::size_t width) const;

  std::vector<std::size_t> fewest_before_;  ///< instances that hold all requests before a position
  std::vector<double> cost_;
  std::vector<double> last_cost_;
  std::vector<std::size_t> bought_;
  std::vector<GroupSearch::Step> steps_;  ///< that may end at the row
  std::size_t favourite_ = 0;
  std::size_t next_favourite_ = 0;
};

}  // namespace braid
