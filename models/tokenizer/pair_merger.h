#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid {

/// The loop of byte pair encoding: of all neighbours that may merge, merge those that come first,
/// until none are left. Keeps its memory for the next text.
/// Thread: one thread at a time.
class PairMerger {
 public:
  /// A stretch of the text that is one token, or may become part of one.
  struct Symbol {
    std::size_t begin = 0;
    std::size_t num_bytes = 0;  ///< 0: has become part of the symbol before it
    std::int32_t id = -1;       ///< -1: no token yet
    std::size_t next = 0;       ///< the symbol behind it; number of symbols at the end
    std::size_t previous = 0;   ///< the symbol before it; meaningless for the first
  };

  /// What two neighbours become.
  struct Merge {
    double cost;      ///< the lowest goes first; among equals the leftmost
    std::int32_t id;  ///< of the merged symbol
  };

  void Clear() { symbols_.clear(); }

  /// Appends a symbol of `num_bytes` behind the ones there are.
  void Append(std::size_t num_bytes, std::int32_t id) {
    const std::size_t index = symbols_.size();
    const std::size_t begin = index == 0 ? 0 : symbols_.back().begin + symbols_.back().num_bytes;
    symbols_.push_back({begin, num_bytes, id, index + 1, index - 1});
  }

  /// Merges all there is to merge. `find(left, right)` says what two symbols become, as an
  /// std::optional<Merge>.
  /// Cost: O(n log n) for n symbols.
  template <typename Find>
  void Run(const Find& find);

  /// Calls `visit` with each symbol that is left, in order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (std::size_t i = 0; i < symbols_.size(); i = symbols_[i].next) visit(symbols_[i]);
  }

 private:
  struct Candidate {
    Merge merge;
    std::size_t left;
    std::size_t right;
    std::size_t num_bytes;  // of both together: tells a candidate whose symbols have changed since
  };

  // Order of a heap whose top is the candidate to take next.
  static bool ComesLater(const Candidate& a, const Candidate& b) {
    return a.merge.cost != b.merge.cost ? a.merge.cost > b.merge.cost : a.left > b.left;
  }

  template <typename Find>
  void Consider(std::size_t left, const Find& find);

  bool IsCurrent(const Candidate& candidate) const {
    const Symbol& left = symbols_[candidate.left];
    return left.num_bytes > 0 && left.next == candidate.right &&
           left.num_bytes + symbols_[candidate.right].num_bytes == candidate.num_bytes;
  }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

template <typename Find>
void PairMerger::Consider(std::size_t left, const Find& find) {
  const std::size_t right = symbols_[left].next;
  if (right == symbols_.size()) return;
  const std::optional<Merge> merge = find(symbols_[left], symbols_[right]);
  if (!merge) return;
  heap_.push_back({*merge, left, right, symbols_[left].num_bytes + symbols_[right].num_bytes});
  std::push_heap(heap_.begin(), heap_.end(), ComesLater);
}

template <typename Find>
void PairMerger::Run(const Find& find) {
  heap_.clear();
  for (std::size_t i = 0; i < symbols_.size(); ++i) Consider(i, find);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), ComesLater);
    const Candidate candidate = heap_.back();
    heap_.pop_back();
    if (!IsCurrent(candidate)) continue;
    Symbol& left = symbols_[candidate.left];
    Symbol& right = symbols_[candidate.right];
    left.id = candidate.merge.id;
    left.num_bytes += right.num_bytes;
    left.next = right.next;
    right.num_bytes = 0;
    if (left.next < symbols_.size()) symbols_[left.next].previous = candidate.left;
    if (candidate.left != 0) Consider(left.previous, find);
    Consider(candidate.left, find);
  }
}

}  // namespace braid
