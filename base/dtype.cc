#include "base/dtype.h"

#include "base/status.h"

namespace braid {

std::string_view DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kBF16:
      return "BF16";
    case DType::kQ8_0:
      return "Q8_0";
    case DType::kQ4_0:
      return "Q4_0";
    case DType::kQ4_1:
      return "Q4_1";
  }
  return "unknown";
}

std::size_t DTypeBlockElements(DType dtype) {
  switch (dtype) {
    case DType::kQ8_0:
    case DType::kQ4_0:
    case DType::kQ4_1:
      return 32;
    default:
      return 1;
  }
}

std::size_t DTypeBlockBytes(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kQ8_0:
      return 2 + 32;  // f16 scale, 32 x int8
    case DType::kQ4_0:
      return 2 + 16;  // f16 scale, 32 x 4 bit
    case DType::kQ4_1:
      return 2 + 2 + 16;  // f16 scale, f16 minimum, 32 x 4 bit
  }
  return 0;
}

std::size_t DTypeBytes(DType dtype, std::size_t elements) {
  BRAID_CHECK(elements % DTypeBlockElements(dtype) == 0);
  return elements / DTypeBlockElements(dtype) * DTypeBlockBytes(dtype);
}

}  // namespace braid
