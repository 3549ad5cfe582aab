#pragma once

#include <cstdint>
#include <vector>

namespace braid {

/// Counts of non-negative integers in buckets whose width is at most 1/256 of their values: exact
/// below 512, then 256 buckets from each power of two to the next. 115 KB, whatever is added; the
/// same result in whatever order and on every machine.
/// Thread: one.
class LogHistogram {
 public:
  LogHistogram();

  /// Negative values count as 0.
  void Add(std::int64_t value);

  std::int64_t count() const { return count_; }
  std::int64_t max() const { return max_; }
  /// Of the values themselves, not of buckets; 0 when empty.
  double Mean() const;
  /// The smallest value that at least a share `q` of all is not above (nearest rank), as the middle
  /// of its bucket: within 0.2 % of it. 0 when empty. 0 <= q <= 1.
  /// Cost: one pass over the buckets, some 10 us.
  double Quantile(double q) const;

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace braid
