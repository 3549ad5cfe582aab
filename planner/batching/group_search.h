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

/// Cells begin .. end - 1 of a row or a column of the table; none where end <= begin.
struct CellSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Numbers of instances after which requests may be cut at a position: the instances before hold
/// what is before, those after hold what is after. Both ends grow with `slots_before`.
CellSpan PossibleCells(const SearchSpace& space, std::int64_t slots_before,
                       std::int64_t slots_after);

/// Which of the pruning rules of LoongServe hold the search; see BatchingMethod.
enum class SplitRule : std::uint8_t { kPaper, kReleased };

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

  /// A group of `width` instances for (begin..end].
  struct Step {
    std::size_t begin;
    std::size_t end;
    std::size_t width;
    double cost;
    double time_ns;
  };
  /// Begins a table that is filled row by row, by steps that the caller chose.
  void Begin(const CutGrid& grid, const SearchSpace& space);
  /// Fills the row of `end`, after all rows before, with the best of `steps` that end there. Cells
  /// of more than `most`, each instance used paid with `price`, are given up.
  void FillRow(const CutGrid& grid, const SearchSpace& space, std::span<const Step> steps,
               double price, double most);

  /// The same optimum where memory is so short that few cells can be part of any solution: only
  /// those are filled. Cost: O(TightWork).
  void RunTight(const CutGrid& grid, const SearchSpace& space);
  /// How many steps RunTight takes on that grid, about.
  double TightWork(const CutGrid& grid, const SearchSpace& space);

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
  /// Tries it after every cell kept at its begin.
  void Extend(const Step& step, std::int64_t needed, const SearchSpace& space);
  template <bool kHinge>
  void Seed(const CutGrid& grid, const SearchSpace& space, std::size_t end);
  template <bool kHinge>
  void RunCellWithRule(const CutGrid& grid, const SearchSpace& space, SplitRule rule,
                       std::size_t cell);
  void Clear(const CutGrid& grid, const SearchSpace& space);
  void FindCells(const CutGrid& grid, const SearchSpace& space);
  template <bool kHinge>
  void RunTightRow(const CutGrid& grid, const SearchSpace& space, std::size_t end);

  std::vector<Cell> cells_;  ///< (positions) x (instances + 1)
  std::vector<std::size_t> active_;
  std::vector<CellSpan> spans_;               ///< by position: the cells that FillRow keeps
  std::vector<CellSpan> possible_;            ///< by position: the cells that memory allows
  std::vector<CellSpan> possible_positions_;  ///< the same by number of instances
  std::size_t num_columns_ = 0;
  double best_cost_ = 0;
};

}  // namespace braid
