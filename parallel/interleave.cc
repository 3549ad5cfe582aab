#include "parallel/interleave.h"

#include <algorithm>
#include <utility>

namespace braid {
namespace {

std::int32_t OutputWidth(const Template& tmpl, const Task& task) {
  return task.out == Buffer::kNone ? 0 : tmpl.widths[static_cast<std::size_t>(task.out)];
}

void CutProducts(std::int32_t pieces, const Template& header, std::vector<Task>* tasks) {
  std::vector<Task> cut;
  for (const Task& task : *tasks) {
    if (task.kind != TaskKind::kMatMul) {
      cut.push_back(task);
      continue;
    }
    const std::int32_t parts = std::clamp(pieces, 1, OutputWidth(header, task));
    for (std::int32_t part = 0; part < parts; ++part) {
      cut.push_back(task);
      cut.back().part = static_cast<std::uint8_t>(part);
      cut.back().num_parts = static_cast<std::uint8_t>(parts);
    }
  }
  *tasks = std::move(cut);
}

/// The layer's tasks in stretches that one half runs before the other comes.
std::vector<std::vector<Task>> Stretches(const std::vector<Task>& layer) {
  std::vector<std::vector<Task>> stretches(1);
  const bool has_ring = std::any_of(layer.begin(), layer.end(), [](const Task& task) {
    return task.kind == TaskKind::kPackBlock;
  });
  bool before_merge = has_ring;
  for (const Task& task : layer) {
    stretches.back().push_back(task);
    before_merge &= task.kind != TaskKind::kMergePartials;
    if (IsCommunication(task.kind) && !before_merge) stretches.emplace_back();
  }
  if (stretches.back().empty()) stretches.pop_back();
  return stretches;
}

void AppendHalf(std::vector<Task> tasks, Half half, std::vector<Task>* out) {
  for (Task& task : tasks) {
    task.half = half;
    out->push_back(task);
  }
}

}  // namespace

CutAxis LegalCut(TaskKind kind) {
  switch (kind) {
    case TaskKind::kMatMul:
      return CutAxis::kColumns;
    case TaskKind::kEmbed:
    case TaskKind::kRmsNorm:
    case TaskKind::kRotate:
    case TaskKind::kStoreKv:
    case TaskKind::kAttention:
    case TaskKind::kSwiGlu:
    case TaskKind::kAdd:
    case TaskKind::kSelectRows:
    case TaskKind::kPackBlock:
    case TaskKind::kAttendBlock:
    case TaskKind::kRetainKv:
    case TaskKind::kMergePartials:
      return CutAxis::kRows;
    case TaskKind::kAllReduce:
      return CutAxis::kNumbers;
    default:
      return CutAxis::kNone;
  }
}

std::int64_t MaxPieces(const Template& tmpl, const Task& task, std::int64_t rows) {
  const std::int64_t columns = OutputWidth(tmpl, task);
  switch (LegalCut(task.kind)) {
    case CutAxis::kColumns:
      return std::max<std::int64_t>(1, columns);
    case CutAxis::kRows:
      return std::max<std::int64_t>(1, rows);
    case CutAxis::kNumbers:
      return std::max<std::int64_t>(1, rows * columns);
    case CutAxis::kNone:
      break;
  }
  return 1;
}

void CutProducts(std::int32_t pieces, TemplateDraft* draft) {
  if (pieces <= 1) return;
  CutProducts(pieces, draft->header, &draft->layer);
  CutProducts(pieces, draft->header, &draft->epilogue);
}

void SplitTokens(TemplateDraft* draft) {
  std::vector<std::vector<Task>> stretches = Stretches(draft->layer);
  const std::vector<Task>& last = stretches.back();
  std::vector<Task> deferred;
  if (stretches.size() > 1 && last.size() == 1 && last[0].kind == TaskKind::kAdd) {
    deferred = std::move(stretches.back());
    stretches.pop_back();
  }
  std::vector<Task> layer;
  for (std::size_t s = 0; s < stretches.size(); ++s) {
    AppendHalf(stretches[s], Half::kFirst, &layer);
    if (s == 0) {
      // What the second half left over from the layer before, while the first half's message flies.
      AppendHalf(deferred, Half::kSecond, &layer);
      if (!deferred.empty()) layer.back().skips_first_layer = true;
    }
    AppendHalf(std::move(stretches[s]), Half::kSecond, &layer);
  }
  AppendHalf(deferred, Half::kFirst, &layer);
  draft->layer = std::move(layer);

  std::vector<Task> epilogue;
  AppendHalf(deferred, Half::kSecond, &epilogue);
  epilogue.insert(epilogue.end(), draft->epilogue.begin(), draft->epilogue.end());
  draft->epilogue = std::move(epilogue);
}

}  // namespace braid
