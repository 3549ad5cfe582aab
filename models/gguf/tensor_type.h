#pragma once

#include "base/dtype.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid {

/// A tensor type as GGUF numbers it. We can name and measure many that we cannot run.
struct GgufTensorType {
  std::uint32_t number;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  std::optional<DType> dtype;  ///< empty: listed, but not runnable
};

/// The type with this number, or nullptr if no GGUF file we know of uses it.
const GgufTensorType* FindGgufTensorType(std::uint32_t number);

const GgufTensorType& GgufTensorTypeOf(DType dtype);

/// "F32, F16, BF16, ...": the types that can be run, for messages.
std::string RunnableTensorTypes();

}  // namespace braid
