#include "planner/sim/workload/length_sampler.h"

#include "planner/sim/workload/portable_math.h"

#include <algorithm>
#include <cmath>

namespace braid {
namespace {

// (e^t - 1) / t and ln(1 + t) / t, whose plain forms lose all digits near 0: alpha 1 lies there.
double ExpSlope(double t) {
  if (std::fabs(t) > 1e-5) return (PortableExp(t) - 1) / t;
  return 1 + t / 2 * (1 + t / 3);
}

double LogSlope(double t) {
  if (std::fabs(t) > 1e-5) return PortableLog(1 + t) / t;
  return 1 - t / 2 + t * t / 3;
}

}  // namespace

LengthSampler::LengthSampler(const LengthSpec& spec) : spec_(spec) {
  if (spec_.kind == LengthKind::kLogNormal) log_median_ = PortableLog(spec_.median);
  if (spec_.kind != LengthKind::kZipf) return;
  const auto low = static_cast<double>(spec_.min);
  const auto high = static_cast<double>(spec_.max);
  first_area_ = ZipfIntegral(low + 0.5) - ZipfWeight(low);
  last_area_ = ZipfIntegral(high + 0.5);
  sure_ = low + 1 - ZipfInverse(ZipfIntegral(low + 1.5) - ZipfWeight(low + 1));
}

std::int64_t LengthSampler::Draw(Random& random) const {
  switch (spec_.kind) {
    case LengthKind::kFixed:
      return spec_.min;
    case LengthKind::kUniform:
      return spec_.min + static_cast<std::int64_t>(
                             random.Below(static_cast<std::uint64_t>(spec_.max - spec_.min + 1)));
    case LengthKind::kZipf:
      return DrawZipf(random);
    case LengthKind::kLogNormal:
      return DrawLogNormal(random);
  }
  return spec_.min;
}

double LengthSampler::ZipfWeight(double x) const {
  return PortableExp(-spec_.alpha * PortableLog(x));
}

// The integral of the weight from 1 to x.
double LengthSampler::ZipfIntegral(double x) const {
  const double log_x = PortableLog(x);
  return ExpSlope((1 - spec_.alpha) * log_x) * log_x;
}

double LengthSampler::ZipfInverse(double area) const {
  // Rounding may leave the argument of the logarithm a hair below 0, at the far end only.
  const double t = std::max(area * (1 - spec_.alpha), -1 + 1e-15);
  return PortableExp(LogSlope(t) * area);
}

std::int64_t LengthSampler::DrawZipf(Random& random) const {
  const auto low = static_cast<double>(spec_.min);
  const auto high = static_cast<double>(spec_.max);
  while (true) {
    const double area = last_area_ + random.Unit() * (first_area_ - last_area_);
    const double x = ZipfInverse(area);
    const double k = std::clamp(std::floor(x + 0.5), low, high);
    if (k - x <= sure_ || area >= ZipfIntegral(k + 0.5) - ZipfWeight(k)) {
      return static_cast<std::int64_t>(k);
    }
  }
}

std::int64_t LengthSampler::DrawLogNormal(Random& random) const {
  constexpr int kMaxDraws = 64;  // a range that has almost no mass ends at its nearer end instead
  const auto low = static_cast<double>(spec_.min);
  const auto high = static_cast<double>(spec_.max);
  double length = low;
  for (int i = 0; i < kMaxDraws; ++i) {
    length = std::floor(PortableExp(log_median_ + spec_.sigma * random.Normal()) + 0.5);
    if (length >= low && length <= high) break;
  }
  return static_cast<std::int64_t>(std::clamp(length, low, high));
}

}  // namespace braid
