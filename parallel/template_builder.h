#pragma once

#include "plan/program.h"

#include <vector>

namespace braid {

/// A template while it is being written: three lists of tasks that rewrites insert into and cut
/// from freely. Edges are not written by hand: Build derives them from what each task reads and
/// writes, so a rewrite cannot forget one.
struct TemplateDraft {
  std::vector<Task> prologue;
  std::vector<Task> layer;
  std::vector<Task> epilogue;
  /// All else that a template states; its tasks, sections and dependencies are still empty.
  Template header;
};

/// Lays out the draft and derives its edges (read after write, write after read, write after
/// write), as backward distances that hold in every layer.
/// Cost: O(tasks of three layers).
Template BuildTemplate(TemplateDraft draft);

/// The buffers that a task reads (kNone where fewer than four).
std::array<Buffer, 4> BuffersRead(const Task& task);

/// The buffer that a task writes (kNone: none).
Buffer BufferWritten(const Task& task);

}  // namespace braid
