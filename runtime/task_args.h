#pragma once

#include "device/operators.h"
#include "plan/program.h"
#include "runtime/activations.h"
#include "runtime/kv_memory.h"
#include "runtime/parameters.h"
#include "runtime/strand.h"

#include <cstdint>

namespace braid {

/// The operator that a compute task stands for, on this rank's memory. The views in it borrow from
/// all four.
OperatorArgs MakeOperatorArgs(const Strand& strand, const TaskPlace& place,
                              const Parameters& parameters, const Activations& activations,
                              const KvMemory& kv);

}  // namespace braid
