#include "runtime/generate.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The next step of a request that has `position` tokens behind it; its KV lies in the first slots
/// of instance 0, which it has to itself.
Step MakeStep(std::span<const std::int32_t> tokens, std::int32_t position, bool sample) {
  StepRequest request;
  request.first_position = position;
  request.tokens.assign(tokens.begin(), tokens.end());
  request.sampled_rows = sample ? 1 : 0;
  request.kv = {{0, 0, position + static_cast<std::int32_t>(tokens.size())}};
  Step step;
  step.instances = {0};
  step.requests.push_back(std::move(request));
  return step;
}

}  // namespace

Result<Generation> Generate(Lead& lead, std::span<const std::int32_t> prompt,
                            const GenerateOptions& options) {
  RETURN_IF_ERROR(ValidateSampling(options.sampling));
  const std::int32_t context = lead.options().context;
  if (prompt.empty()) {
    return InvalidArgument("the prompt has no tokens; give some text with --prompt");
  }
  if (prompt.size() > static_cast<std::size_t>(context)) {
    return InvalidArgument("the prompt has " + std::to_string(prompt.size()) +
                           " tokens and the context holds " + std::to_string(context) +
                           "; shorten it or raise --ctx");
  }

  Generation generation;
  generation.prompt_tokens = static_cast<std::int32_t>(prompt.size());
  Sampler sampler(options.sampling);
  const auto start = Clock::now();
  const std::int32_t chunk = lead.options().max_rows;
  std::int32_t position = 0;
  std::span<const float> logits;
  if (options.max_tokens <= 0) return generation;
  while (position < generation.prompt_tokens) {
    const std::int32_t rows = std::min(chunk, generation.prompt_tokens - position);
    const bool last = position + rows == generation.prompt_tokens;
    ASSIGN_OR_RETURN(const StepResult result,
                     lead.Run(MakeStep(prompt.subspan(static_cast<std::size_t>(position),
                                                      static_cast<std::size_t>(rows)),
                                       position, last)));
    logits = result.logits;
    position += rows;
  }

  auto first_token = Clock::now();
  for (std::int32_t drawn = 0;; ++drawn) {
    ASSIGN_OR_RETURN(const std::int32_t token, sampler.Sample(logits));
    if (drawn == 0) {
      generation.prefill_seconds = SecondsSince(start);
      first_token = Clock::now();
    }
    if (options.stop_at_end && lead.tokenizer().IsEndOfGeneration(token)) {
      generation.ended = true;
      break;
    }
    generation.tokens.push_back(token);
    if (options.on_token && !options.on_token(token)) break;
    // The last token wanted, or the last that the context can hold, needs no step of its own.
    if (drawn + 1 == options.max_tokens || position == context) break;
    ASSIGN_OR_RETURN(const StepResult result,
                     lead.Run(MakeStep(std::span(&token, 1), position, true)));
    logits = result.logits;
    ++position;
  }
  generation.decode_seconds = SecondsSince(first_token);
  return generation;
}

}  // namespace braid
