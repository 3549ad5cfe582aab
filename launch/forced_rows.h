#pragma once

#include "base/status.h"
#include "runtime/job.h"

#include <cstdint>
#include <functional>
#include <span>

namespace braid {

/// Takes the logits of one row and names the token that follows it.
using RowFunction = std::function<std::int32_t(std::int32_t row_index, std::span<const float>)>;

/// Runs `prompt` and then `num_tokens` - 1 more tokens through a job, in steps whose rows all yield
/// logits, and hands each row to `on_row`, in order. After the prompt, the token that `on_row`
/// named for the last row is what goes in next: whoever compares forces the reference's. Rows:
/// prompt.size() + num_tokens - 1. Errors: InvalidArgument where they do not fit into the context;
/// what Run says.
Status ForEachRow(Lead& lead, std::span<const std::int32_t> prompt, std::int32_t num_tokens,
                  const RowFunction& on_row);

}  // namespace braid
