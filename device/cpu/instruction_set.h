#pragma once

#include "base/status.h"

#include <cstdint>
#include <string_view>

namespace braid {

/// The instruction sets the CPU operators are compiled for, weakest first.
/// kScalar is the reference that the others are tested against, not meant for work.
enum class InstructionSet : std::uint8_t { kScalar, kAvx2, kAvx512 };

/// "scalar", "avx2", "avx512".
std::string_view InstructionSetName(InstructionSet set);

/// True where this CPU and operating system can run `set`.
/// kAvx2 asks for AVX2, FMA and F16C; kAvx512 in addition for AVX-512 F, BW, DQ and VL.
bool CpuSupports(InstructionSet set);

/// The strongest set of this CPU.
/// Errors: Unavailable where it lacks even AVX2, FMA or F16C; the message names what is missing.
Result<InstructionSet> BestInstructionSet();

}  // namespace braid
