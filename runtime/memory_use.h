#pragma once

#include <cstdint>

namespace braid {

/// The most memory that this process has held at once, touched file pages included; 0 where the
/// system does not say.
std::uint64_t PeakMemoryBytes();

}  // namespace braid
