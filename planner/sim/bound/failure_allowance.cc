#include "planner/sim/bound/failure_allowance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace braid {
namespace {

constexpr std::int64_t kDeciles = 10;

/// The largest count that is at most `share` of `whole`, allowing for the rounding of shares.
std::int64_t CountOf(double share, double whole) {
  constexpr double kRounding = 1e-9;
  return static_cast<std::int64_t>(std::floor(share * whole + kRounding));
}

}  // namespace

FailureAllowance::FailureAllowance(std::span<const std::int64_t> prompt_tokens, double share,
                                   double decile_share) {
  const std::size_t count = prompt_tokens.size();
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return prompt_tokens[a] < prompt_tokens[b];
  });
  decile_.assign(count, -1);
  const double whole = static_cast<double>(count);
  most_ = CountOf(share, whole);
  most_of_decile_ = decile_share >= 1 ? static_cast<std::int64_t>(count)
                                      : CountOf(decile_share, whole / kDeciles);
  for (std::size_t first = 0; first < count;) {
    std::size_t end = first + 1;
    while (end < count && prompt_tokens[order_[end]] == prompt_tokens[order_[first]]) ++end;
    // Requests [first, end) have one length; a decile is a tenth of the positions.
    const std::int64_t lowest =
        static_cast<std::int64_t>(first) * kDeciles / static_cast<std::int64_t>(count);
    const std::int64_t highest =
        (static_cast<std::int64_t>(end) * kDeciles - 1) / static_cast<std::int64_t>(count);
    if (lowest == highest) {
      for (std::size_t i = first; i < end; ++i) {
        decile_[order_[i]] = static_cast<std::int8_t>(lowest);
      }
    }
    first = end;
  }
}

double FailureAllowance::LeastSum(std::span<const double> costs) {
  std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return costs[a] != costs[b] ? costs[a] > costs[b] : a < b;
  });
  std::int64_t failed = 0;
  std::array<std::int64_t, kDeciles> failed_of_decile = {};
  double kept = 0;
  for (const std::size_t request : order_) {
    const std::int8_t decile = decile_[request];
    std::int64_t* const of_decile =
        decile < 0 ? nullptr : &failed_of_decile[static_cast<std::size_t>(decile)];
    if (failed < most_ && (of_decile == nullptr || *of_decile < most_of_decile_)) {
      ++failed;
      if (of_decile != nullptr) ++*of_decile;
    } else {
      kept += costs[request];
    }
  }
  return kept;
}

}  // namespace braid
