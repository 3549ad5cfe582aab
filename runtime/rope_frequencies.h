#pragma once

#include "plan/model_spec.h"

#include <vector>

namespace braid {

/// The angle by which one position turns each rotated pair, [rotated_dims / 2]:
/// theta^(-2i / rotated_dims), divided by the file's frequency factors where it has some, and
/// stretched by the model's scaling.
/// linear: all frequencies divided by `factor`. llama3: wavelengths above original_context /
/// low_frequency_factor divided by `factor`, those below original_context / high_frequency_factor
/// kept, those between blended linearly in original_context / wavelength.
/// Source: RoFormer, arXiv:2104.09864, section 3.2; Llama 3, arXiv:2407.21783, section 3.4.
std::vector<float> RopeFrequencies(const RopeSpec& rope);

}  // namespace braid
