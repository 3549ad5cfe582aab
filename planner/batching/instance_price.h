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

  /// Fills price and costs of `guide` at a given price; leaves the gap. Costs by last degree are
  /// exact up to `slack` above the prefix cost.
  void FillGuide(const CutGrid& grid, const SearchSpace& space, double price, double slack,
                 Guide& guide);

 private:
  struct Tariff {
    double price;
    double slack;  ///< a degree is given up for a cell that much above the best
  };
  /// Optimum at a price; returns the instances that it buys.
  std::size_t Buy(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff);
  template <bool kHinge>
  void BuyRow(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff, std::size_t end);
  /// The most free slots that `width` instances for a group from `begin` on can have.
  std::int64_t Room(const SearchSpace& space, std::size_t begin, std::size_t width) const;

  std::vector<std::size_t> fewest_before_;  ///< instances that hold all requests before a position
  std::vector<double> cost_;
  std::vector<double> last_cost_;
  std::vector<std::size_t> bought_;
  std::size_t favourite_ = 0;
  std::size_t next_favourite_ = 0;
};

}  // namespace braid
