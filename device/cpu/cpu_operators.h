#pragma once

#include "base/status.h"
#include "device/cpu/instruction_set.h"
#include "device/operators.h"

#include <memory>
#include <optional>

namespace braid {

struct CpuOptions {
  Numerics numerics = Numerics::kFast;
  /// Empty: the best that this CPU has. Set: exactly this one (tests, comparisons).
  std::optional<InstructionSet> instruction_set;
};

/// The operators on one CPU core, for weights of every DType.
///
/// Both modes run the same kernels: the order that `exact` prescribes (kernel_table.h) is also the
/// quickest we know at f32 accuracy, so `fast` is exact here, and the bits are the same for every
/// instruction set, batch and tile. (Rotation takes sine and cosine from the C library in double.)
/// What `fast` allows beyond is left to devices that gain from it.
///
/// Limits: depth and row counts are the caller's; attention needs head_dim <= 512.
/// Cost:   about 1.4 MB of scratch an object; activations are read where they lie, and prefill is a
///         fifth quicker where their rows start on 64-byte boundaries.
/// Errors: Unavailable where the CPU lacks AVX2, FMA or F16C, or the instruction set asked for;
///         OutOfMemory.
/// Thread: one thread at a time for each object.
Result<std::unique_ptr<Operators>> MakeCpuOperators(const CpuOptions& options);

}  // namespace braid
