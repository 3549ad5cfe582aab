#include "device/cpu/rotation.h"

#include <cmath>

namespace braid {

void RotationTable::Assign(std::int32_t position, std::span<const float> frequencies) {
  cosines_.resize(frequencies.size());
  sines_.resize(frequencies.size());
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double angle = static_cast<double>(position) * static_cast<double>(frequencies[i]);
    cosines_[i] = static_cast<float>(std::cos(angle));
    sines_[i] = static_cast<float>(std::sin(angle));
  }
}

}  // namespace braid
