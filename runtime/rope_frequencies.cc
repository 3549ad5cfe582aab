#include "runtime/rope_frequencies.h"

#include <cmath>
#include <numbers>

namespace braid {
namespace {

double StretchLlama3(const RopeSpec& rope, double frequency) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double turns = rope.original_context / wavelength;  // within the trained context
  if (turns < double{rope.low_frequency_factor}) return frequency / double{rope.factor};
  if (turns > double{rope.high_frequency_factor}) return frequency;
  const double kept = (turns - double{rope.low_frequency_factor}) /
                      (double{rope.high_frequency_factor} - double{rope.low_frequency_factor});
  return (1.0 - kept) * frequency / double{rope.factor} + kept * frequency;
}

}  // namespace

std::vector<float> RopeFrequencies(const RopeSpec& rope) {
  std::vector<float> frequencies;
  for (std::int32_t i = 0; i < rope.rotated_dims / 2; ++i) {
    double frequency = std::pow(double{rope.theta}, -2.0 * i / rope.rotated_dims);
    const auto pair = static_cast<std::size_t>(i);
    if (pair < rope.frequency_factors.size()) frequency /= double{rope.frequency_factors[pair]};
    switch (rope.scaling) {
      case RopeScaling::kNone:
        break;
      case RopeScaling::kLinear:
        frequency /= double{rope.factor};
        break;
      case RopeScaling::kLlama3:
        frequency = StretchLlama3(rope, frequency);
        break;
    }
    frequencies.push_back(static_cast<float>(frequency));
  }
  return frequencies;
}

}  // namespace braid
