#pragma once

#include "parallel/sequence_prefill.h"
#include "parallel/template_builder.h"

namespace braid {

/// What the two rewrites of the attention part of a layer share.

inline std::int32_t& WidthOf(Buffer buffer, Template* header) {
  return header->widths[static_cast<std::size_t>(buffer)];
}

/// Gives the draft its buffer of partials (query columns, and one log-sum-exp a head), once.
void AddPartials(const SequenceSplit& split, Template* header);

/// Own partials become the attention output.
Task MergeTask();

/// Index of the first task of `kind`; there must be one.
std::size_t IndexOf(TaskKind kind, const std::vector<Task>& tasks);

/// Puts `replacement` in place of the tasks from the first `first` to the first `last`.
void ReplaceTasks(TaskKind first, TaskKind last, const std::vector<Task>& replacement,
                  std::vector<Task>* tasks);

}  // namespace braid
