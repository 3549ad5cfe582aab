#include "planner/batching/group_search.h"

#include <algorithm>
#include <limits>

namespace braid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Whether (cost, makespan) is strictly better than what `cell` holds.
template <typename Cell>
bool Improves(double cost, double makespan_ns, const Cell& cell) {
  return cost < cell.cost || (cost == cell.cost && makespan_ns < cell.makespan_ns);
}

}  // namespace

CellSpan PossibleCells(const SearchSpace& space, std::int64_t slots_before,
                       std::int64_t slots_after) {
  const auto& free = space.free_slots;
  const auto first = std::lower_bound(free.begin(), free.end(), slots_before);
  const auto end = std::upper_bound(first, free.end(), free.back() - slots_after);
  return {static_cast<std::size_t>(first - free.begin()),
          static_cast<std::size_t>(end - free.begin())};
}

void GroupSearch::FindCells(const CutGrid& grid, const SearchSpace& space) {
  possible_.clear();
  possible_positions_.assign(space.num_instances() + 1, {grid.num_positions(), 0});
  for (std::size_t p = 0; p < grid.num_positions(); ++p) {
    const std::int64_t before = grid.slots[p];
    possible_.push_back(PossibleCells(space, before, grid.slots.back() - before));
    if (p == 0) possible_[0] = {0, 1};  // no instance is left out before the first group
    for (std::size_t k = possible_[p].begin; k < possible_[p].end; ++k) {
      CellSpan& positions = possible_positions_[k];
      positions.begin = std::min(positions.begin, p);
      positions.end = p + 1;
    }
  }
}

void GroupSearch::Clear(const CutGrid& grid, const SearchSpace& space) {
  num_columns_ = space.num_instances() + 1;
  cells_.assign(grid.num_positions() * num_columns_, Cell{kInfinity, kInfinity, -1, -1});
  cells_[0] = Cell{0.0, 0.0, -1, -1};
}

void GroupSearch::Run(const CutGrid& grid, const SearchSpace& space) {
  Clear(grid, space);
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t end = 1; end < grid.num_positions(); ++end) {
      Seed<hinge.value>(grid, space, end);
      RunRow<hinge.value>(grid, space, end);
    }
  });
}

// The split of the row before is rarely far from the best: begun with it, a cell prunes at once.
template <bool kHinge>
void GroupSearch::Seed(const CutGrid& grid, const SearchSpace& space, std::size_t end) {
  const Cell* const before = &cells_[(end - 1) * num_columns_];
  Cell* const row = &cells_[end * num_columns_];
  for (std::size_t k = 1; k < num_columns_; ++k) {
    if (before[k].begin < 0) continue;
    const std::size_t begin = static_cast<std::size_t>(before[k].begin);
    const std::size_t first = static_cast<std::size_t>(before[k].first);
    if (grid.slots[end] - grid.slots[begin] > space.free_slots[k] - space.free_slots[first]) {
      continue;
    }
    const auto value = IntervalCost<kHinge>(grid, space.lines[k - first], end).From(begin);
    const Cell& prefix = cells_[begin * num_columns_ + first];
    row[k] = Cell{prefix.cost + value.cost, std::max(prefix.makespan_ns, value.time_ns),
                  before[k].begin, before[k].first};
  }
}

template <bool kHinge>
void GroupSearch::RunRow(const CutGrid& grid, const SearchSpace& space, std::size_t end) {
  Cell* const row = &cells_[end * num_columns_];
  for (const std::int32_t degree : space.degrees) {
    const std::size_t width = static_cast<std::size_t>(degree);
    active_.clear();
    for (std::size_t k = width; k < num_columns_; ++k) active_.push_back(k);
    IntervalCost<kHinge> interval(grid, space.lines[width], end);
    for (std::size_t begin = end; begin-- > 0 && !active_.empty();) {
      const std::int64_t needed = grid.slots[end] - grid.slots[begin];
      const auto value = interval.From(begin);
      const Cell* const prefixes = &cells_[begin * num_columns_];
      std::size_t kept = 0;
      for (const std::size_t k : active_) {
        // Instances come with most free slots first: none further on has room either.
        if (needed > space.free_slots[k] - space.free_slots[k - width]) break;
        Cell& cell = row[k];
        const Cell& prefix = prefixes[k - width];
        const double cost = prefix.cost + value.cost;
        const double makespan_ns = std::max(prefix.makespan_ns, value.time_ns);
        if (Improves(cost, makespan_ns, cell)) {
          cell = Cell{cost, makespan_ns, static_cast<std::int32_t>(begin),
                      static_cast<std::int32_t>(k - width)};
        }
        const Cell& same = prefixes[k];
        if (Improves(same.cost + value.cost, std::max(same.makespan_ns, value.time_ns), cell)) {
          active_[kept++] = k;
        }
      }
      active_.resize(kept);
    }
  }
}

void GroupSearch::Begin(const CutGrid& grid, const SearchSpace& space) {
  Clear(grid, space);
  FindCells(grid, space);
  spans_.assign(1, {0, 1});
}

void GroupSearch::Extend(const Step& step, std::int64_t needed, const SearchSpace& space) {
  const Cell* const prefixes = &cells_[step.begin * num_columns_];
  Cell* const row = &cells_[step.end * num_columns_];
  const CellSpan span = spans_[step.begin];
  const CellSpan possible = possible_[step.end];
  const std::size_t from = possible.begin > step.width ? possible.begin - step.width : 0;
  for (std::size_t first = std::max(span.begin, from); first < span.end; ++first) {
    const std::size_t k = first + step.width;
    if (k >= possible.end || needed > space.free_slots[k] - space.free_slots[first]) break;
    const double cost = prefixes[first].cost + step.cost;
    const double makespan_ns = std::max(prefixes[first].makespan_ns, step.time_ns);
    if (Improves(cost, makespan_ns, row[k])) {
      row[k] = Cell{cost, makespan_ns, static_cast<std::int32_t>(step.begin),
                    static_cast<std::int32_t>(first)};
    }
  }
}

void GroupSearch::FillRow(const CutGrid& grid, const SearchSpace& space,
                          std::span<const Step> steps, double price, double most) {
  const std::size_t end = spans_.size();
  for (const Step& step : steps) {
    Extend(step, grid.slots[end] - grid.slots[step.begin], space);
  }
  const Cell* const row = &cells_[end * num_columns_];
  CellSpan span{num_columns_, 0};
  for (std::size_t k = possible_[end].begin; k < possible_[end].end; ++k) {
    if (row[k].cost + price * static_cast<double>(k) > most) continue;
    span.begin = std::min(span.begin, k);
    span.end = k + 1;
  }
  spans_.push_back(span);
}

double GroupSearch::TightWork(const CutGrid& grid, const SearchSpace& space) {
  FindCells(grid, space);
  double cells = 0;
  double positions = 0;
  for (const CellSpan& span : possible_positions_) {
    if (span.end <= span.begin) continue;
    cells += static_cast<double>(span.end - span.begin);
    positions = std::max(positions, static_cast<double>(span.end - span.begin));
  }
  return cells * static_cast<double>(space.degrees.size()) * positions;
}

void GroupSearch::RunTight(const CutGrid& grid, const SearchSpace& space) {
  Clear(grid, space);
  FindCells(grid, space);
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t end = 1; end < grid.num_positions(); ++end) {
      RunTightRow<hinge.value>(grid, space, end);
    }
  });
}

template <bool kHinge>
void GroupSearch::RunTightRow(const CutGrid& grid, const SearchSpace& space, std::size_t end) {
  for (std::size_t k = possible_[end].begin; k < possible_[end].end; ++k) {
    Cell& cell = cells_[end * num_columns_ + k];
    for (const std::int32_t degree : space.degrees) {
      const std::size_t width = static_cast<std::size_t>(degree);
      if (width > k) break;
      const std::size_t first = k - width;
      const std::int64_t room = space.free_slots[k] - space.free_slots[first];
      const CellSpan begins = possible_positions_[first];
      IntervalCost<kHinge> interval(grid, space.lines[width], end);
      for (std::size_t begin = std::min(begins.end, end); begin-- > begins.begin;) {
        if (grid.slots[end] - grid.slots[begin] > room) break;
        const Cell& prefix = cells_[begin * num_columns_ + first];
        if (prefix.cost >= cell.cost) continue;
        const auto value = interval.From(begin);
        const double cost = prefix.cost + value.cost;
        const double makespan_ns = std::max(prefix.makespan_ns, value.time_ns);
        if (Improves(cost, makespan_ns, cell)) {
          cell = Cell{cost, makespan_ns, static_cast<std::int32_t>(begin),
                      static_cast<std::int32_t>(first)};
        }
      }
    }
  }
}

void GroupSearch::RunWithRule(const CutGrid& grid, const SearchSpace& space, SplitRule rule) {
  Clear(grid, space);
  WithHinge(grid, [&](auto hinge) {
    for (std::size_t cell = num_columns_; cell < cells_.size(); ++cell) {
      if (cell % num_columns_ != 0) RunCellWithRule<hinge.value>(grid, space, rule, cell);
    }
  });
}

template <bool kHinge>
void GroupSearch::RunCellWithRule(const CutGrid& grid, const SearchSpace& space, SplitRule rule,
                                  std::size_t cell) {
  const std::size_t end = cell / num_columns_;
  const std::size_t k = cell % num_columns_;
  const std::size_t max_width = std::min(k, static_cast<std::size_t>(space.degrees.back()));
  // The last batch with k instances is no larger than the one with k - 1.
  const Cell& left = cells_[cell - 1];
  const std::size_t first_begin = left.begin < 0 ? 0 : static_cast<std::size_t>(left.begin);
  // The last group of one request more: at most as wide says the paper, at least as wide the code.
  std::size_t narrowest = 1;
  std::size_t widest = max_width;
  const Cell& above = cells_[cell - num_columns_];
  if (above.first >= 0) {
    const std::size_t width = k - static_cast<std::size_t>(above.first);
    if (rule == SplitRule::kPaper) widest = std::min(widest, width);
    if (rule == SplitRule::kReleased) narrowest = width;
  }
  for (std::size_t width = narrowest; width <= widest; ++width) {
    IntervalCost<kHinge> interval(grid, space.lines[width], end);
    for (std::size_t begin = end; begin-- > first_begin;) {
      const std::int64_t needed = grid.slots[end] - grid.slots[begin];
      if (needed > space.free_slots[k] - space.free_slots[k - width]) break;
      const auto value = interval.From(begin);
      const Cell& prefix = cells_[begin * num_columns_ + k - width];
      const double cost = prefix.cost + value.cost;
      const double makespan_ns = std::max(prefix.makespan_ns, value.time_ns);
      if (Improves(cost, makespan_ns, cells_[cell])) {
        cells_[cell] = Cell{cost, makespan_ns, static_cast<std::int32_t>(begin),
                            static_cast<std::int32_t>(k - width)};
      }
    }
  }
}

bool GroupSearch::Backtrack(const CutGrid& grid, std::vector<BatchingGroup>& groups) {
  std::size_t end = grid.num_positions() - 1;
  const Cell* row = &cells_[end * num_columns_];
  std::size_t k = 0;
  for (std::size_t candidate = 1; candidate < num_columns_; ++candidate) {
    if (Improves(row[candidate].cost, row[candidate].makespan_ns, row[k])) k = candidate;
  }
  if (row[k].begin < 0) return false;
  best_cost_ = row[k].cost;
  groups.clear();
  while (end > 0) {
    const Cell& cell = cells_[end * num_columns_ + k];
    const std::size_t begin = static_cast<std::size_t>(cell.begin);
    groups.push_back({.first_request = grid.cut[begin],
                      .end_request = grid.cut[end],
                      .first_instance = cell.first,
                      .end_instance = static_cast<std::int32_t>(k)});
    end = begin;
    k = static_cast<std::size_t>(cell.first);
  }
  std::reverse(groups.begin(), groups.end());
  return true;
}

}  // namespace braid
