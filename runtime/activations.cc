#include "runtime/activations.h"

namespace braid {

Result<Activations> Activations::Make(const std::array<std::int32_t, kNumBuffers>& widths,
                                      std::int32_t max_rows) {
  // Each buffer starts on a page of its own, so that untouched ones stay free.
  constexpr std::size_t kPageFloats = 4096 / sizeof(float);
  Activations activations;
  activations.widths_ = widths;
  std::size_t total = 0;
  for (std::size_t b = 0; b < widths.size(); ++b) {
    activations.offsets_[b] = total;
    const std::size_t floats =
        static_cast<std::size_t>(widths[b]) * static_cast<std::size_t>(max_rows);
    total += (floats + kPageFloats - 1) / kPageFloats * kPageFloats;
  }
  auto memory = LazyMemory::Make(total * sizeof(float));
  if (!memory.ok()) {
    return memory.error().WithContext("activations of " + std::to_string(max_rows) + " rows");
  }
  activations.memory_ = std::move(memory).value();
  return activations;
}

ActivationView Activations::View(Buffer buffer, std::int32_t rows) const {
  const auto b = static_cast<std::size_t>(buffer);
  return {memory_.floats() + offsets_[b], rows, widths_[b], widths_[b]};
}

}  // namespace braid
