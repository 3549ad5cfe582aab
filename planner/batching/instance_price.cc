#include "planner/batching/instance_price.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace braid {
namespace {

constexpr int kMaxPrices = 6;
constexpr double kLowestPrice = 1e-12;
constexpr double kFirstPrice = 0.3;
constexpr double kPriceGap = 0.001;  // of the bound, that a better price might bring

}  // namespace

// A lower bound must not forbid what may fit: the instances come with most free slots first, so
// the roomiest that are left are those after the fewest that hold all requests before.
std::int64_t InstancePricing::Room(const SearchSpace& space, std::size_t begin,
                                   std::size_t width) const {
  const std::size_t first = fewest_before_[begin];
  if (first + width >= space.free_slots.size()) return -1;
  return space.free_slots[first + width] - space.free_slots[first];
}

template <bool kHinge, bool kKeep>
void InstancePricing::BuyRow(const CutGrid& grid, const SearchSpace& space, const Tariff& tariff,
                             std::size_t end) {
  const std::size_t num_positions = grid.num_positions();
  double best = std::numeric_limits<double>::infinity();
  std::size_t bought = 0;
  if constexpr (kKeep) steps_.clear();
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
      const auto value = interval.From(begin);
      const double cost = value.cost;
      if (needed <= Room(space, begin, width)) {
        const double sum = cost_[begin] + cost + paid;
        lowest = std::min(lowest, sum);
        if constexpr (kKeep) {
          if (sum <= best + tariff.slack)
            steps_.push_back({begin, end, width, cost, value.time_ns});
        }
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

void InstancePricing::Reset(const CutGrid& grid, const SearchSpace& space) {
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
}

std::size_t InstancePricing::Buy(const CutGrid& grid, const SearchSpace& space,
                                 const Tariff& tariff) {
  Reset(grid, space);
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t end = 1; end < grid.num_positions(); ++end) {
      BuyRow<hinge.value, false>(grid, space, tariff, end);
    }
  });
  return bought_.back();
}

void InstancePricing::Price(const CutGrid& grid, const SearchSpace& space, double price,
                            double slack) {
  Buy(grid, space, {price, slack});
}

void InstancePricing::Search(const CutGrid& grid, const SearchSpace& space, double price,
                             double gap, GroupSearch& search) {
  Reset(grid, space);
  search.Begin(grid, space);
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t end = 1; end < grid.num_positions(); ++end) {
      BuyRow<hinge.value, true>(grid, space, {price, gap}, end);
      search.FillRow(grid, space, steps_, price, cost_[end] + gap);
    }
  });
}

// What the relaxation says is a concave function of the price, of slope (bought - available): its
// tangents on both sides of the best price meet above the best bound, and near the best price.
double InstancePricing::FindPrice(const CutGrid& grid, const SearchSpace& space) {
  struct Trial {
    double price;
    double bound;
    double slope;
  };
  const double available = static_cast<double>(space.num_instances());
  const auto buy = [&](double price) -> Trial {
    const double bought = static_cast<double>(Buy(grid, space, {price, price}));
    return {price, cost_.back() - price * available, bought - available};
  };
  Trial low = buy(0);
  if (low.slope <= 0) return 0;
  Trial high = {std::numeric_limits<double>::infinity(), 0, 0};
  Trial best = low;
  // Costs fall about as 1 / instances, so what the last one saves falls as its square; less,
  // because a part of them does not fall.
  double price =
      kFirstPrice * low.bound * (low.slope + available) / (available * available) + kLowestPrice;
  for (int i = 0; i < kMaxPrices; ++i) {
    const Trial trial = buy(price);
    if (trial.bound > best.bound) best = trial;
    (trial.slope > 0 ? low : high) = trial;
    const double ratio = (trial.slope + available) / available;
    const double growth = trial.slope > 0 ? ratio * ratio * ratio : ratio * ratio;
    const double step = trial.price * (growth - 1);
    if (trial.slope * step <= kPriceGap * best.bound) break;
    if (low.price > 0 && std::isfinite(high.price)) {
      price = (high.bound - low.bound + low.slope * low.price - high.slope * high.price) /
              (low.slope - high.slope);
      const double most = low.bound + low.slope * (price - low.price);
      if (most - best.bound <= kPriceGap * best.bound) break;
    } else {
      price = trial.price + step;
    }
    if (!(price > low.price && price < high.price)) {
      price = std::isfinite(high.price) ? 0.5 * (low.price + high.price) : 4 * low.price;
    }
  }
  return best.price;
}

}  // namespace braid
