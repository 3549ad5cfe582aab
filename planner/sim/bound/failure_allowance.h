#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What of a sample a rule lets fail: a share of all, and a share of each tenth by prompt length.
class FailureAllowance {
 public:
  /// `decile_share` of 1 or more: deciles do not count. A length that lies in two deciles is bound
  /// by neither, so that more may fail than the rule allows, never less.
  FailureAllowance(std::span<const std::int64_t> prompt_tokens, double share, double decile_share);

  /// The sum of `costs` without those that may fail, chosen to make it least. Costs are not
  /// negative, one for each prompt. Greedy from the costliest on: the two caps are nested, so no
  /// other choice is better. Cost: O(n log n).
  double LeastSum(std::span<const double> costs);

 private:
  std::vector<std::int8_t> decile_;  ///< of each prompt; -1: in more than one
  std::int64_t most_ = 0;
  std::int64_t most_of_decile_ = 0;
  std::vector<std::size_t> order_;
};

}  // namespace braid
