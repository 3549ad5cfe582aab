#pragma once

#include "base/status.h"
#include "plan/program.h"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A communication as one of its members states it.
struct Communication {
  Task task;
  std::uint32_t operation = 0;
  std::uint32_t index = 0;  ///< of the task, unrolled
  std::int32_t width = 0;   ///< columns that the parties must agree on
  std::vector<std::int32_t> members;
  std::vector<std::int32_t> slices;
};

/// Those of a template, in order.
std::vector<Communication> Communications(const Template& tmpl);

/// Part of the static check of one rank: no number twice, gathers whose slices fill their output.
/// Errors: Internal.
Status CheckOperationsDistinct(const Template& tmpl);
Status CheckGatherWidths(const Template& tmpl, const Communication& communication);

/// Part of the joint check: each rank goes through its communications in order and passes one when
/// all its members stand at it; they must agree on what it is, and all must reach the end.
/// Errors: Internal naming ranks, tasks and what differs.
Status CheckMessages(std::span<const Template> templates);

}  // namespace braid
