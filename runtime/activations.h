#pragma once

#include "base/status.h"
#include "device/operators.h"
#include "plan/program.h"
#include "runtime/lazy_memory.h"

#include <array>
#include <cstdint>

namespace braid {

/// The activation buffers of one strand slot, sized once for the widest template and the largest
/// step, so that no task ever waits for memory.
/// Thread: rank thread only.
class Activations {
 public:
  /// `widths` as in Template; `max_rows` of a step.
  /// Errors: OutOfMemory.
  static Result<Activations> Make(const std::array<std::int32_t, kNumBuffers>& widths,
                                  std::int32_t max_rows);

  /// The first `rows` rows of `buffer`, rows one after the other without gaps: what a message
  /// carries is the memory itself.
  ActivationView View(Buffer buffer, std::int32_t rows) const;

 private:
  Activations() = default;

  LazyMemory memory_;
  std::array<std::int32_t, kNumBuffers> widths_ = {};
  std::array<std::size_t, kNumBuffers> offsets_ = {};  // in floats
};

}  // namespace braid
