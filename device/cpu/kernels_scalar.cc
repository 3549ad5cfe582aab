// The kernels for the reference.
//
// Compiled with that instruction set: nothing here may have external linkage but the one function
// at the end, and no inline function of a header may be called (the linker could pick this copy of
// it for the whole program, which then stops on an older CPU). A test looks at the object file.

#include "device/cpu/kernel_table.h"

namespace braid {
namespace {

constexpr int kMicroRows = 2;
constexpr int kMicroCols = 2;
constexpr int kDirectRows = 2;
constexpr int DirectCols(int) { return 2; }
constexpr int kOuterRows = 2;
constexpr int kOuterVectors = 2;

#include "device/cpu/lanes_scalar.inc"
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
                                .flops_per_second = 5e8};

}  // namespace

const KernelTable& ScalarKernels() { return kTable; }

}  // namespace braid
