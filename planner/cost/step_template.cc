#include "planner/cost/step_template.h"

#include "parallel/lower.h"

#include <vector>

namespace braid {
namespace {

Task Make(TaskKind kind, RowSet rows, std::uint8_t part = 0) {
  Task task{.kind = kind, .rows = rows, .in = Buffer::kQuery, .out = Buffer::kAttended};
  task.part = part;
  return task;
}

/// Attention of a group of several instances, one message after the other.
std::vector<Task> GroupAttention(const StepSignature& signature) {
  std::vector<Task> tasks;
  if (signature.prefill) {
    tasks.push_back(Make(TaskKind::kAttendBlock, RowSet::kStriped));
    for (std::int32_t part = 1; part < signature.degree; ++part) {
      const auto block = static_cast<std::uint8_t>(part);
      tasks.push_back(Make(TaskKind::kRingShift, RowSet::kVisiting, block));
      tasks.push_back(Make(TaskKind::kAttendBlock, RowSet::kStriped, block));
    }
  }
  if (signature.decode) {
    tasks.push_back(Make(TaskKind::kQueryExchange, RowSet::kPeer));
    tasks.push_back(Make(TaskKind::kAttention, RowSet::kMastered));
    tasks.push_back(Make(TaskKind::kAttention, RowSet::kPeer));
    tasks.push_back(Make(TaskKind::kPartialExchange, RowSet::kReturned));
    tasks.push_back(Make(TaskKind::kMergePartials, RowSet::kMastered));
  }
  return tasks;
}

/// Each task waits for the one before it.
void ChainUp(Template& tmpl) {
  tmpl.dependencies = {1};
  for (Task& task : tmpl.tasks) {
    task.first_dependency = 0;
    task.num_dependencies = 1;
  }
  tmpl.tasks.front().num_dependencies = 0;
}

}  // namespace

Result<Template> TemplateOfStep(const ModelSpec& model, std::int32_t tensor_size,
                                const StepSignature& signature) {
  ASSIGN_OR_RETURN(Template tmpl,
                   Lower(model, Mesh{.tensor = tensor_size}, 0, signature.sampled));
  if (signature.move) {
    tmpl.tasks = {Make(TaskKind::kSendKv, RowSet::kMoved)};
    tmpl.prologue = {0, 0};
    tmpl.layer = {0, 1};
    tmpl.epilogue = {1, 0};
    ChainUp(tmpl);
    return tmpl;
  }
  if (signature.degree == 1) return tmpl;
  std::vector<Task> tasks;
  for (std::uint32_t i = 0; i < tmpl.num_tasks() && i < tmpl.tasks.size(); ++i) {
    if (tmpl.tasks[i].kind != TaskKind::kAttention) {
      tasks.push_back(tmpl.tasks[i]);
      continue;
    }
    const std::vector<Task> attention = GroupAttention(signature);
    tasks.insert(tasks.end(), attention.begin(), attention.end());
  }
  const auto added = static_cast<std::uint32_t>(tasks.size() - tmpl.tasks.size());
  tmpl.tasks = std::move(tasks);
  tmpl.layer.num_tasks += added;
  tmpl.epilogue.first_task += added;
  ChainUp(tmpl);
  return tmpl;
}

}  // namespace braid
