#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// For each of a number of tasks, a set of earlier ones, as bits: what it waits for, near and far.
class TaskSets {
 public:
  explicit TaskSets(std::size_t num_tasks)
      : words_((num_tasks + 63) / 64), bits_(num_tasks * words_, 0) {}

  bool Contains(std::size_t task, std::size_t other) const {
    return (bits_[task * words_ + other / 64] >> (other % 64) & 1U) != 0;
  }

  /// `task` comes after `earlier`, and so after all that comes before that.
  void AddWithItsOwn(std::size_t task, std::size_t earlier) {
    bits_[task * words_ + earlier / 64] |= std::uint64_t{1} << (earlier % 64);
    // Those before `earlier` have smaller numbers.
    for (std::size_t w = 0; w <= earlier / 64; ++w) {
      bits_[task * words_ + w] |= bits_[earlier * words_ + w];
    }
  }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;  ///< [tasks][words]
};

}  // namespace braid
