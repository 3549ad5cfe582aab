#include "models/gguf/tensor_type.h"

#include "base/status.h"

#include <array>

namespace braid {
namespace {

// Numbers 4, 5 (Q4_2, Q4_3), 31-33 and 36-38 (repacked layouts) were withdrawn from the format.
constexpr std::array kTypes = {
    GgufTensorType{0, "F32", 1, 4, DType::kF32},
    GgufTensorType{1, "F16", 1, 2, DType::kF16},
    GgufTensorType{2, "Q4_0", 32, 18, DType::kQ4_0},
    GgufTensorType{3, "Q4_1", 32, 20, DType::kQ4_1},
    GgufTensorType{6, "Q5_0", 32, 22, std::nullopt},
    GgufTensorType{7, "Q5_1", 32, 24, std::nullopt},
    GgufTensorType{8, "Q8_0", 32, 34, DType::kQ8_0},
    GgufTensorType{9, "Q8_1", 32, 36, std::nullopt},
    GgufTensorType{10, "Q2_K", 256, 84, std::nullopt},
    GgufTensorType{11, "Q3_K", 256, 110, std::nullopt},
    GgufTensorType{12, "Q4_K", 256, 144, std::nullopt},
    GgufTensorType{13, "Q5_K", 256, 176, std::nullopt},
    GgufTensorType{14, "Q6_K", 256, 210, std::nullopt},
    GgufTensorType{15, "Q8_K", 256, 292, std::nullopt},
    GgufTensorType{16, "IQ2_XXS", 256, 66, std::nullopt},
    GgufTensorType{17, "IQ2_XS", 256, 74, std::nullopt},
    GgufTensorType{18, "IQ3_XXS", 256, 98, std::nullopt},
    GgufTensorType{19, "IQ1_S", 256, 50, std::nullopt},
    GgufTensorType{20, "IQ4_NL", 32, 18, std::nullopt},
    GgufTensorType{21, "IQ3_S", 256, 110, std::nullopt},
    GgufTensorType{22, "IQ2_S", 256, 82, std::nullopt},
    GgufTensorType{23, "IQ4_XS", 256, 136, std::nullopt},
    GgufTensorType{24, "I8", 1, 1, std::nullopt},
    GgufTensorType{25, "I16", 1, 2, std::nullopt},
    GgufTensorType{26, "I32", 1, 4, std::nullopt},
    GgufTensorType{27, "I64", 1, 8, std::nullopt},
    GgufTensorType{28, "F64", 1, 8, std::nullopt},
    GgufTensorType{29, "IQ1_M", 256, 56, std::nullopt},
    GgufTensorType{30, "BF16", 1, 2, DType::kBF16},
    GgufTensorType{34, "TQ1_0", 256, 54, std::nullopt},
    GgufTensorType{35, "TQ2_0", 256, 66, std::nullopt},
    GgufTensorType{39, "MXFP4", 32, 17, std::nullopt},
};

}  // namespace

const GgufTensorType* FindGgufTensorType(std::uint32_t number) {
  for (const GgufTensorType& type : kTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

const GgufTensorType& GgufTensorTypeOf(DType dtype) {
  const GgufTensorType* found = nullptr;
  for (const GgufTensorType& type : kTypes) {
    if (type.dtype == dtype) found = &type;
  }
  BRAID_CHECK(found != nullptr);
  return *found;
}

std::string RunnableTensorTypes() {
  std::string names;
  for (const GgufTensorType& type : kTypes) {
    if (!type.dtype) continue;
    if (!names.empty()) names += ", ";
    names += type.name;
  }
  return names;
}

}  // namespace braid
