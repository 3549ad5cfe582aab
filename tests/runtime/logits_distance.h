#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace braid {

/// max|a-b| / max|b|; infinite where sizes differ or anything is not finite, so that no comparison
/// passes by NaN.
template <typename A, typename B>
double Distance(std::span<const A> a, std::span<const B> b) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  if (a.size() != b.size() || a.empty()) return kFar;
  double difference = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]);
    const double y = static_cast<double>(b[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) return kFar;
    difference = std::max(difference, std::abs(x - y));
    largest = std::max(largest, std::abs(y));
  }
  return largest > 0 ? difference / largest : kFar;
}

}  // namespace braid
