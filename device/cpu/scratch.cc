#include "device/cpu/scratch.h"

#include <cstddef>
#include <string>

namespace braid {
namespace {

constexpr std::size_t kCacheLineBytes = 64;

constexpr std::size_t Floats(int a, int b, int c = 1) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

constexpr std::size_t kPanel = Floats(kPanelCols, kPanelDepth);
constexpr std::size_t kPartials = Floats(kPanelRows, kPanelCols, kLanes);
constexpr std::size_t kKeys = Floats(kMaxHeadDim, kAttentionKeyStride);
constexpr std::size_t kValues = Floats(kAttentionTokens, kMaxHeadDim);
constexpr std::size_t kPairs = Floats(kAttentionPairs, kMaxHeadDim);
constexpr std::size_t kScores = Floats(kAttentionPairs, kAttentionTokens);

}  // namespace

Result<CpuScratch> CpuScratch::Make() {
  // A tile is either a product or attention: they share the memory.
  constexpr std::size_t kForMatMul = kPanel + kPartials;
  constexpr std::size_t kForAttention = kKeys + kValues + 2 * kPairs + kScores;
  constexpr std::size_t kBytes =
      (kForMatMul > kForAttention ? kForMatMul : kForAttention) * sizeof(float);
  static_assert(kBytes % kCacheLineBytes == 0);

  CpuScratch scratch;
  scratch.memory_.reset(static_cast<float*>(std::aligned_alloc(kCacheLineBytes, kBytes)));
  float* const memory = scratch.memory_.get();
  if (memory == nullptr) {
    return OutOfMemory("no memory for " + std::to_string(kBytes) + " bytes of CPU scratch");
  }
  scratch.matmul_ = {.panel = memory, .partials = memory + kPanel};
  scratch.attention_ = {.keys = memory,
                        .values = memory + kKeys,
                        .queries = memory + kKeys + kValues,
                        .sums = memory + kKeys + kValues + kPairs,
                        .scores = memory + kKeys + kValues + 2 * kPairs};
  return scratch;
}

}  // namespace braid
