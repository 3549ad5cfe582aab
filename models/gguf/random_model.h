#pragma once

#include "base/dtype.h"
#include "base/status.h"
#include "models/gguf/writer.h"
#include "plan/model_spec.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// A model of seeded random weights, for tests and benchmarks.
struct RandomModel {
  ModelSpec spec;
  /// Of all matrices whose rows are whole blocks of it; others, norms and biases are F32.
  DType dtype = DType::kF32;
  std::uint64_t seed = 1;
  /// With a made-up SentencePiece vocabulary; needs spec.vocab_size >= kLeastRandomVocabulary.
  bool tokenizer = true;
};

/// A small Llama whose every size can be changed afterwards: 2 layers of 64, 4 heads of 16 over 2
/// KV heads, feed-forward 96, vocabulary 300, context 256.
ModelSpec SmallSpec();

/// The shape of a known model: "tinyllama-1.1b", "smollm2-135m", "smollm2-360m", "qwen2.5-0.5b",
/// "qwen3-0.6b" or "small" (SmallSpec).
/// Errors: NotFound, listing these names.
Result<ModelSpec> SpecOfShape(std::string_view name);

/// The file of a random model, to be written or turned to bytes; SpecFromGguf gives back the spec.
/// Matrices are near-normal with deviation 1 / sqrt(columns), norms near 1, biases near 0, so that
/// activations stay of order 1 through any number of layers and logits are spread, not degenerate.
/// The same options give the same bytes on every machine and with every compiler.
/// Errors: InvalidArgument for a spec that no file can state.
/// Thread: any.
Result<GgufWriter> MakeRandomModel(const RandomModel& model);

}  // namespace braid
