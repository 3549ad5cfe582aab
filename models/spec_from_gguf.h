#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"
#include "plan/model_spec.h"

namespace braid {

/// Reads a model's architecture from a GGUF file: `llama` (Llama, Mistral, SmolLM2, TinyLlama),
/// `qwen2`, `qwen3`. Missing keys take the defaults of the format. Whatever the file asks for that
/// we would compute differently (other architectures, YaRN, sliding windows shorter than the
/// context, mixture of experts, soft caps, tensors we do not know) is refused rather than ignored.
/// The spec is valid (ValidateModelSpec); that its tensors are there is asked by LoadWeights.
/// Errors: InvalidArgument naming file, key and what to do.
/// Thread: any.
Result<ModelSpec> SpecFromGguf(const GgufFile& file);

}  // namespace braid
