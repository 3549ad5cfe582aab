// The kernels for AVX2, FMA and F16C.
//
// Compiled with that instruction set: nothing here may have external linkage but the one function
// at the end, and no inline function of a header may be called (the linker could pick this copy of
// it for the whole program, which then stops on an older CPU). A test looks at the object file.
#include "device/cpu/kernel_table.h"

#include <immintrin.h>

namespace braid {
namespace {

// Sixteen registers: twelve sums (six pairs), the rest weights and one activation.
constexpr int kMicroRows = 3;
constexpr int kMicroCols = 2;
constexpr int kDirectRows = 4;
constexpr int DirectCols(int rows) { return rows <= 2 ? 2 : 1; }
constexpr int kOuterRows = 6;
constexpr int kOuterVectors = 1;

#include "device/cpu/lanes_avx2.inc"
//
#include "device/cpu/weights.inc"
//
#include "device/cpu/matmul.inc"
//
#include "device/cpu/elementwise.inc"
//
#include "device/cpu/attention.inc"

constexpr KernelTable kTable = {.matmul_direct = MatMulDirect,
                                .matmul_panel = MatMulPanel,
                                .widen = Widen,
                                .rms_norm = RmsNorm,
                                .rotate = RotateHeads,
                                .swiglu = SwiGlu,
                                .add = AddRow,
                                .attend = Attend,
                                .direct_rows = 2 * kDirectRows,
                                .flops_per_second = 7e10};

}  // namespace

const KernelTable& Avx2Kernels() { return kTable; }

}  // namespace braid
