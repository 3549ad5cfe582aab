#include "planner/sim/workload/portable_math.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace braid {
namespace {

// ln 2 in two parts: the first has 21 zero bits at its end, so that k x kLn2High is exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kInverseLn2 = 1.44269504088896338700;
constexpr double kLargestExponent = 700;
constexpr std::uint64_t kFractionMask = 0x000F'FFFF'FFFF'FFFFULL;
constexpr std::uint64_t kExponentOfOne = 1023;

// 2^k for -1022 <= k <= 1023.
double PowerOfTwo(std::int64_t k) {
  return std::bit_cast<double>((kExponentOfOne + static_cast<std::uint64_t>(k)) << 52U);
}

}  // namespace

double PortableLog(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent =
      static_cast<std::int64_t>(bits >> 52U) - static_cast<std::int64_t>(kExponentOfOne);
  double mantissa = std::bit_cast<double>((bits & kFractionMask) | (kExponentOfOne << 52U));
  if (mantissa > 1.4142135623730951) {  // keeps the argument of the series within +-0.172
    mantissa *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh(f) = 2 (f + f^3/3 + f^5/5 + ...), f = (m - 1) / (m + 1)
  const double f = (mantissa - 1) / (mantissa + 1);
  const double square = f * f;
  double series = 0;
  for (int odd = 21; odd >= 3; odd -= 2) series = (series + 1.0 / odd) * square;
  const auto k = static_cast<double>(exponent);
  return k * kLn2High + (2 * f + (2 * f * series + k * kLn2Low));
}

double PortableExp(double x) {
  if (x < -kLargestExponent) return 0;
  if (x > kLargestExponent) x = kLargestExponent;
  const double k = std::floor(x * kInverseLn2 + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= 0.35
  double series = 1;
  for (int i = 14; i >= 1; --i) series = 1 + series * r / i;
  return series * PowerOfTwo(static_cast<std::int64_t>(k));
}

}  // namespace braid
