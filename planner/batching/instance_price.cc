#include "planner/batching/instance_price.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace braid {
namespace {

constexpr int kMaxPrices = 6;
constexpr double kLowestPrice = 1e-12;

}  // namespace

// A lower bound must not forbid what may fit: the instances come with most free slots first, so
// the roomiest that are left are those after the fewest that hold all requests before.
std::int64_t InstancePricing::Room(const SearchSpace& space, std::size_t begin,
                                   std::size_t width) const {
  const std::size_t first = fewest_before_[begin];
  if (first + width >= space.free_slots.size()) return -1;
  return space.free_slots[first + width] - space.free_slots[first];
}

template <bool kHinge>
void InstancePricing::BuyRow(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff,
                             std::size_t end) {
  const std::size_t num_positions = grid.num_positions();
  double best = std::numeric_limits<double>::infinity();
  std::size_t bought = 0;
  // The degree of the row before first: it is rarely far from the best, and prunes the others.
  const std::size_t num_degrees = space.degrees.size();
  for (std::size_t d = 0; d < num_degrees; ++d) {
    const std::size_t index = (d + favourite_) % num_degrees;
    const std::size_t width = static_cast<std::size_t>(space.degrees[index]);
    const double paid = tariff.price * static_cast<double>(width);
    double* const last_cost = &last_cost_[index * num_positions];
    double lowest = std::numeric_limits<double>::infinity();
    IntervalCost<kHinge> interval(grid, space.lines[width], end);
    for (std::size_t begin = end; begin-- > 0;) {
      const std::int64_t needed = grid.slots[end] - grid.slots[begin];
      if (needed > space.free_slots[width]) break;
      const double cost = interval.From(begin).cost;
      if (needed <= Room(space, begin, width)) {
        const double sum = cost_[begin] + cost + paid;
        lowest = std::min(lowest, sum);
        if (sum < best) {
          best = sum;
          bought = bought_[begin] + width;
          next_favourite_ = index;
        }
      }
      // As in GroupSearch::Run: an earlier begin could be split here, its last part bought apart.
      if (last_cost[begin] + cost >= best + tariff.slack) {
        lowest = std::min(lowest, last_cost[begin] + cost);
        break;
      }
    }
    last_cost[end] = lowest;
  }
  favourite_ = next_favourite_;
  cost_[end] = best;
  bought_[end] = bought;
}

std::size_t InstancePricing::Buy(const CutGrid& grid, const SearchSpace& space,
                                 const Tariff& tariff) {
  cost_.assign(grid.num_positions(), 0.0);
  bought_.assign(grid.num_positions(), 0);
  last_cost_.assign(grid.num_positions() * space.degrees.size(), 0.0);
  fewest_before_.clear();
  std::size_t fewest = 0;
  for (const std::int64_t slots : grid.slots) {
    while (fewest < space.num_instances() && space.free_slots[fewest] < slots) ++fewest;
    fewest_before_.push_back(fewest);
  }
  favourite_ = 0;
  next_favourite_ = 0;
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t end = 1; end < grid.num_positions(); ++end) {
      BuyRow<hinge.value>(grid, space, tariff, end);
    }
  });
  return bought_.back();
}

double InstancePricing::FindPrice(const CutGrid& grid, const SearchSpace& space) {
  const double available = static_cast<double>(space.num_instances());
  double bought = static_cast<double>(Buy(grid, space, {0, 0}));
  if (bought <= available) return 0;
  double best_price = 0;
  double best_bound = cost_.back();
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  // Costs fall about as 1 / instances, so what the last one saves falls as its square.
  double price = cost_.back() * bought / (available * available) + kLowestPrice;
  for (int i = 0; i < kMaxPrices; ++i) {
    bought = static_cast<double>(Buy(grid, space, {price, price}));
    // The relaxation at any price is a lower bound; the best price is that of the highest.
    const double bound = cost_.back() - price * available;
    if (bound > best_bound) {
      best_bound = bound;
      best_price = price;
    }
    if (bought == available) break;
    (bought > available ? low : high) = price;
    const double ratio = bought / available;
    price *= ratio * ratio;
    if (!(price > low && price < high)) price = std::isfinite(high) ? 0.5 * (low + high) : 4 * low;
  }
  return best_price;
}

void InstancePricing::FillGuide(const CutGrid& grid, const SearchSpace& space, double price,
                                double slack, Guide& guide) {
  Buy(grid, space, {price, slack});
  guide.instance_price = price;
  guide.prefix_cost = cost_;
  guide.last_cost = last_cost_;
}

}  // namespace braid
