#pragma once

#include "base/status.h"
#include "device/cpu/kernel_table.h"

#include <cstdlib>
#include <memory>

namespace braid {

/// The working memory of one rank's kernels: one allocation of about 1.4 MB on cache-line
/// boundaries, touched only where a kernel uses it. Holds nothing between tiles.
/// Thread: belongs to the one that runs the kernels.
class CpuScratch {
 public:
  /// Errors: OutOfMemory.
  static Result<CpuScratch> Make();

  const MatMulScratch& matmul() const { return matmul_; }
  const AttentionScratch& attention() const { return attention_; }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };

  CpuScratch() = default;

  std::unique_ptr<float, Free> memory_;
  MatMulScratch matmul_ = {};
  AttentionScratch attention_ = {};
};

}  // namespace braid
