#pragma once

#include <array>
#include <cstdint>

namespace braid {

/// Random numbers that are the same on every machine and with every compiler: integers and the
/// basic operations on doubles only, no std::*_distribution (whose results are not specified).
/// Source: xoshiro256** 1.0 and splitmix64, Blackman and Vigna, "Scrambled linear pseudorandom
///         number generators", 2018; Marsaglia's polar method; Marsaglia and Tsang, "A simple
///         method for generating gamma variables", 2000.
/// Thread: a value of one thread.
class Random {
 public:
  /// Streams of one seed are independent of each other for all practical purposes.
  Random(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t Next();
  /// Uniform over 0 .. count - 1, exactly; count >= 1.
  std::uint64_t Below(std::uint64_t count);
  /// Uniform in (0, 1), never an end.
  double Unit();
  /// Mean 1.
  double Exponential();
  /// Mean 0, variance 1.
  double Normal();
  /// Mean 1, coefficient of variation `cv` > 0.
  double Gamma(double cv);

 private:
  double GammaOfShape(double shape);

  std::array<std::uint64_t, 4> state_;
};

}  // namespace braid
