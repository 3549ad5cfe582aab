#include "launch/forced_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace braid {
namespace {

/// A step of the job's only request, whose KV lies in the first slots of instance 0.
Step StepOf(std::span<const std::int32_t> tokens, std::int32_t first_position) {
  const auto rows = static_cast<std::int32_t>(tokens.size());
  StepRequest request{.first_position = first_position,
                      .tokens = {tokens.begin(), tokens.end()},
                      .sampled_rows = rows,
                      .kv = {{.instance = 0, .first_slot = 0, .count = first_position + rows}}};
  Step step;
  step.instances = {0};
  step.requests.push_back(std::move(request));
  return step;
}

}  // namespace

Status ForEachRow(Lead& lead, std::span<const std::int32_t> prompt, std::int32_t num_tokens,
                  const RowFunction& on_row) {
  if (prompt.empty()) return InvalidArgument("the prompt has no tokens; give some text");
  const auto num_prompt = static_cast<std::int64_t>(prompt.size());
  const std::int64_t num_rows = num_prompt + num_tokens - 1;
  if (num_rows > lead.options().context) {
    return InvalidArgument(fmt::format(
        "{} prompt tokens and {} more do not fit into a context of {}; shorten the prompt, lower "
        "--max-tokens or raise --ctx",
        num_prompt, num_tokens - 1, lead.options().context));
  }
  const auto vocab = static_cast<std::size_t>(lead.spec().vocab_size);
  std::int32_t forced = 0;
  for (std::int64_t position = 0; position < num_rows;) {
    const std::int64_t rows =
        position < num_prompt
            ? std::min<std::int64_t>(num_prompt - position, lead.options().max_rows)
            : 1;
    const std::span<const std::int32_t> tokens =
        position < num_prompt
            ? prompt.subspan(static_cast<std::size_t>(position), static_cast<std::size_t>(rows))
            : std::span<const std::int32_t>(&forced, 1);
    ASSIGN_OR_RETURN(const StepResult result,
                     lead.Run(StepOf(tokens, static_cast<std::int32_t>(position))));
    if (result.logits.size() != static_cast<std::size_t>(rows) * vocab) {
      return Internal(
          fmt::format("{} rows gave {} logits, not {} each", rows, result.logits.size(), vocab));
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      forced = on_row(static_cast<std::int32_t>(position + row),
                      result.logits.subspan(static_cast<std::size_t>(row) * vocab, vocab));
    }
    position += rows;
  }
  return {};
}

}  // namespace braid
