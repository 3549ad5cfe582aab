#pragma once

#include "base/status.h"
#include "plan/program.h"

#include <cstdint>
#include <string>

namespace braid {

/// "rank 1, task 7 (mat_mul, layer 2)", for messages of the static check.
std::string DescribeTask(const Template& tmpl, std::uint32_t unrolled_index);

/// Part of the static check: edges point backwards, and every two tasks that touch the same part of
/// a buffer, one of them writing, are ordered by edges. Halves of a step have their own part of
/// each buffer but the KV memory. Independent of how parallel/template_builder derives edges. Cost:
/// O(tasks, squared). Errors: Internal.
Status CheckEdges(const Template& tmpl);

}  // namespace braid
