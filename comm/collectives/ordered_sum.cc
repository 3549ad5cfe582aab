#include "comm/collectives/ordered_sum.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace braid {
namespace {

// 4 KiB: the running sum stays in the first-level cache while the pieces stream past it.
constexpr std::size_t kBlock = 1024;

void AddTo(float* __restrict sum, const float* __restrict piece, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sum[k] += piece[k];
}

void Add(const float* first, const float* second, float* __restrict sum, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sum[k] = first[k] + second[k];
}

}  // namespace

void SumInOrder(std::span<const float* const> pieces, float* out, std::size_t count) {
  // A sum of its own, because `out` may be a piece that is not the first.
  std::array<float, kBlock> sum;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t block = std::min(kBlock, count - begin);
    if (pieces.size() == 1) {
      std::memmove(out + begin, pieces[0] + begin, block * sizeof(float));
      continue;
    }
    Add(pieces[0] + begin, pieces[1] + begin, sum.data(), block);
    for (std::size_t r = 2; r < pieces.size(); ++r) AddTo(sum.data(), pieces[r] + begin, block);
    std::memcpy(out + begin, sum.data(), block * sizeof(float));
  }
}

}  // namespace braid
