#pragma once

#include "base/status.h"
#include "plan/model_spec.h"

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// The shape of a well-known model by name, for planning without a file. What planning does not
/// read (norms' epsilon, rotary frequencies) is left at its default.
/// Errors: NotFound naming those that exist.
Result<ModelSpec> BuiltinModel(std::string_view name);
std::vector<std::string> BuiltinModelNames();

/// Parameters of the model, biases and norms included. Exact for the Llama family.
std::int64_t ParameterCount(const ModelSpec& model);

}  // namespace braid
