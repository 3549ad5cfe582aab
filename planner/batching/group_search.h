#pragma once

#include "planner/batching/batch_cost.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What the search ranges over, beside the cuts of a grid.
struct SearchSpace {
  std::span<const PrefillLine> lines;        ///< by degree
  std::span<const std::int64_t> free_slots;  ///< prefix sums over instances in order: m + 1 values
  std::span<const std::int32_t> degrees;     ///< allowed, ascending

  std::size_t num_instances() const { return free_slots.size() - 1; }
};

/// Which of the pruning rules of LoongServe hold the search; see BatchingMethod.
enum class SplitRule : std::uint8_t { kPaper, kReleased };

/// The optimum where instances are not counted but bought, each for `instance_price`, and lie where
/// they fit: below every f. See instance_price.h.
struct Guide {
  double instance_price = 0;
  std::vector<double> prefix_cost;  ///< by position of the grid; instances paid
  /// The same where the last group has a given degree, or a lower bound: degrees x positions.
  std::vector<double> last_cost;
  double gap = 0;  ///< cells more than this above prefix_cost, instances paid, are given up
};

/// The table f[i][k] over positions of a grid and numbers of instances, and how it came about.
/// Ties in the objective go to the smaller makespan. Reused from call to call.
/// Thread: one at a time.
class GroupSearch {
 public:
  /// Fills the table with optima. Cost: O(p^2 m d) for p positions and d degrees at worst. Going
  /// from short intervals (j..i] to long ones, a cell (i, k) is left as soon as
  ///   cost(j..i] + f[j][k] >= f[i][k] so far:
  /// T grows with the batch and every request pays T, so cost(j'..i] >= cost(j'..j] + cost(j..i]
  /// for j' < j, and instances that hold (j'..i] hold (j'..j]; hence
  ///   f[j'][l] + cost(j'..i] >= f[j'][l] + cost(j'..j] + cost(j..i] >= f[j][k] + cost(j..i].
  void Run(const CutGrid& grid, const SearchSpace& space);

  /// The same optimum, if it lies within guide.gap of what the guide promises, at a fraction of the
  /// cost: along every solution (f + price paid - guide) never falls. Otherwise worse or nothing.
  void RunGuided(const CutGrid& grid, const SearchSpace& space, const Guide& guide);

  /// The same table under a rule of the paper, for the faithful policy: not always the optimum, and
  /// sometimes nothing where something would fit. All degrees are allowed.
  void RunWithRule(const CutGrid& grid, const SearchSpace& space, SplitRule rule);

  /// Groups of the best cell of the last row, in order, as request and instance positions; their
  /// times are left at 0. False, and `groups` as they were, if no cell of it is feasible.
  bool Backtrack(const CutGrid& grid, std::vector<BatchingGroup>& groups);

  /// Of the cell that Backtrack began with; of the grid's costs.
  double best_cost() const { return best_cost_; }

 private:
  struct Cell {
    double cost;
    double makespan_ns;
    std::int32_t begin;  ///< j of the last group
    std::int32_t first;  ///< l of the last group
  };
  template <bool kHinge>
  void RunRow(const CutGrid& grid, const SearchSpace& space, std::size_t end);
  /// A group of `width` instances for (begin..end].
  struct Step {
    std::size_t begin;
    std::size_t end;
    std::size_t width;
    std::int64_t needed;
    double cost;
    double time_ns;
  };
  /// Tries it after every cell kept at `begin`.
  void Extend(const Step& step, const SearchSpace& space);
  template <bool kHinge>
  void RunGuidedRow(const CutGrid& grid, const SearchSpace& space, const Guide& guide,
                    std::size_t end);
  template <bool kHinge>
  void Seed(const CutGrid& grid, const SearchSpace& space, std::size_t end);
  template <bool kHinge>
  void RunCellWithRule(const CutGrid& grid, const SearchSpace& space, SplitRule rule,
                       std::size_t cell);
  void Clear(const CutGrid& grid, const SearchSpace& space);

  std::vector<Cell> cells_;  ///< (positions) x (instances + 1)
  std::vector<std::size_t> active_;
  struct Span {
    std::size_t begin;
    std::size_t end;
  };
  std::vector<Span> spans_;  ///< by position: the cells that RunGuided keeps
  std::size_t num_columns_ = 0;
  double best_cost_ = 0;
};

}  // namespace braid
