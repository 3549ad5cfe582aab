#pragma once

#include "base/status.h"
#include "runtime/job.h"
#include "runtime/sampler.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace braid {

struct GenerateOptions {
  std::int32_t max_tokens = 128;  ///< to generate at most
  bool stop_at_end = true;  ///< at a token that ends a generation (which is then not given out)
  SamplingOptions sampling = {};
  /// Called with each token as it is drawn; false stops the generation.
  std::function<bool(std::int32_t token)> on_token = {};
};

struct Generation {
  std::vector<std::int32_t> tokens;  ///< generated, without the prompt and the end token
  bool ended = false;                ///< by an end token (not by length or by on_token)
  std::int32_t prompt_tokens = 0;
  double prefill_seconds = 0;  ///< from the first step's start to the first token
  double decode_seconds = 0;   ///< from the first token to the last
};

/// Runs one request through the job: the prompt in chunks of at most max_rows, then token by token.
/// Errors: InvalidArgument where the prompt is empty or does not fit into the context; what Run
/// says.
Result<Generation> Generate(Lead& lead, std::span<const std::int32_t> prompt,
                            const GenerateOptions& options);

}  // namespace braid
