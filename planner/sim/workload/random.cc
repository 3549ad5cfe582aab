#include "planner/sim/workload/random.h"

#include "planner/sim/workload/portable_math.h"

#include <bit>
#include <cmath>

namespace braid {
namespace {

std::uint64_t SplitMix(std::uint64_t& state) {
  state += 0x9E37'79B9'7F4A'7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58'476D'1CE4'E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D0'49BB'1331'11EBULL;
  return z ^ (z >> 31U);
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t mixed = stream;
  std::uint64_t state = seed ^ SplitMix(mixed);
  for (std::uint64_t& word : state_) word = SplitMix(state);
}

std::uint64_t Random::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::Below(std::uint64_t count) {
  // 2^64 mod count values at the low end would make small results likelier.
  const std::uint64_t uneven = (0 - count) % count;
  std::uint64_t value = Next();
  while (value < uneven) value = Next();
  return value % count;
}

double Random::Unit() {
  // 52 bits and a half: exact in a double, and neither 0 nor 1.
  return (static_cast<double>(Next() >> 12U) + 0.5) * 0x1p-52;
}

double Random::Exponential() { return -PortableLog(Unit()); }

double Random::Normal() {
  while (true) {
    const double u = 2 * Unit() - 1;
    const double v = 2 * Unit() - 1;
    const double s = u * u + v * v;
    // The second value of the pair is dropped: a draw then has no memory of the one before.
    if (s < 1 && s > 0) return u * std::sqrt(-2 * PortableLog(s) / s);
  }
}

double Random::GammaOfShape(double shape) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (PortableLog(Unit()) < 0.5 * x * x + d - d * v + d * PortableLog(v)) return d * v;
  }
}

double Random::Gamma(double cv) {
  const double shape = 1 / (cv * cv);
  if (shape >= 1) return GammaOfShape(shape) / shape;
  const double power = PortableExp(PortableLog(Unit()) / shape);
  return GammaOfShape(shape + 1) * power / shape;
}

}  // namespace braid
