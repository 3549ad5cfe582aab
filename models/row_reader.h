#pragma once

#include "base/status.h"
#include "models/gguf/file_bytes.h"
#include "models/weight_plan.h"

#include <cstdint>
#include <span>

namespace braid {

/// Reads the part of a tensor that a rank holds past the file's mapping into `out`, packed row by
/// row, in the type it is held as: copied, or widened to f32 where that differs from the file's.
/// `out` has weight.held_bytes() bytes, aligned for the type.
/// Cost:   reads each row's part once (whole rows where parts are small); scratch about 256 KB.
/// Errors: Unavailable where the disk fails.
/// Thread: any.
Status ReadRows(const FileBytes& file, const PlannedWeight& weight, std::span<std::byte> out);

}  // namespace braid
