#include "planner/sim/report/log_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace braid {
namespace {

constexpr int kSubBits = 8;
constexpr std::uint64_t kSubBuckets = 1U << kSubBits;
constexpr std::uint64_t kMaxShift = 63 - (kSubBits + 1);
constexpr std::uint64_t kNumBuckets = kMaxShift * kSubBuckets + 2 * kSubBuckets;

std::uint64_t ShiftOf(std::uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  return width <= kSubBits + 1 ? 0 : static_cast<std::uint64_t>(width - (kSubBits + 1));
}

std::uint64_t BucketOf(std::uint64_t value) {
  const std::uint64_t shift = ShiftOf(value);
  return shift * kSubBuckets + (value >> shift);
}

double MiddleOf(std::uint64_t bucket) {
  if (bucket < 2 * kSubBuckets) return static_cast<double>(bucket);
  const std::uint64_t shift = bucket / kSubBuckets - 1;
  const std::uint64_t low = (bucket - shift * kSubBuckets) << shift;
  return static_cast<double>(low) + static_cast<double>((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

LogHistogram::LogHistogram() : counts_(kNumBuckets, 0) {}

void LogHistogram::Add(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  ++counts_[BucketOf(static_cast<std::uint64_t>(value))];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
  ++count_;
}

double LogHistogram::Mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

double LogHistogram::Quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
  std::int64_t below = 0;
  for (std::uint64_t bucket = 0; bucket < counts_.size(); ++bucket) {
    below += counts_[bucket];
    if (below >= rank) {
      return std::clamp(MiddleOf(bucket), static_cast<double>(min_), static_cast<double>(max_));
    }
  }
  return static_cast<double>(max_);
}

}  // namespace braid
