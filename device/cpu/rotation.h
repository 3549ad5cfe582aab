#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// Cosine and sine of position * frequency for the rotated pairs of one row, in double rounded
/// once, so that they are the same on every instruction set.
/// Thread: a value; keeps its memory between calls of Assign.
class RotationTable {
 public:
  /// Cost: one sine and one cosine per pair, about 40 ns.
  void Assign(std::int32_t position, std::span<const float> frequencies);

  const float* cosines() const { return cosines_.data(); }
  const float* sines() const { return sines_.data(); }

 private:
  std::vector<float> cosines_;
  std::vector<float> sines_;
};

}  // namespace braid
