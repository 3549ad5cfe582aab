#include "parallel/sequence_prefill.h"

#include "parallel/sequence_layer.h"

namespace braid {
namespace {

Buffer VisitingBuffer(std::int32_t ring_step) {
  return ring_step % 2 == 0 ? Buffer::kVisitingEven : Buffer::kVisitingOdd;
}

Task Shift(const SequenceSplit& split, std::int32_t ring_step) {
  return {.kind = TaskKind::kRingShift,
          .rows = RowSet::kVisiting,
          .in = VisitingBuffer(ring_step),
          // Reading the accumulators orders a shift behind the attention that wrote them last.
          .in2 = split.exchange_in_turn ? Buffer::kPartials : Buffer::kNone,
          .out = VisitingBuffer(ring_step + 1),
          .group = split.group,
          .part = static_cast<std::uint8_t>(ring_step)};
}

void AppendRingStep(const SequenceSplit& split, std::int32_t ring_step, std::vector<Task>* tasks) {
  const auto part = static_cast<std::uint8_t>(ring_step);
  const bool shifts = ring_step + 1 < split.degree;
  if (shifts && !split.exchange_in_turn) tasks->push_back(Shift(split, ring_step));
  tasks->push_back({.kind = TaskKind::kRetainKv,
                    .rows = RowSet::kVisiting,
                    .in = VisitingBuffer(ring_step),
                    .out = Buffer::kKv,
                    .part = part});
  tasks->push_back({.kind = TaskKind::kAttendBlock,
                    .rows = RowSet::kStriped,
                    .in = Buffer::kQuery,
                    .in2 = VisitingBuffer(ring_step),
                    .out = Buffer::kPartials,
                    .part = part});
  if (shifts && split.exchange_in_turn) tasks->push_back(Shift(split, ring_step));
}

}  // namespace

void SplitSequencePrefill(const SequenceSplit& split, TemplateDraft* draft) {
  AddPartials(split, &draft->header);
  Template& header = draft->header;
  const std::int32_t kv_columns = WidthOf(Buffer::kKey, &header) + WidthOf(Buffer::kValue, &header);
  WidthOf(Buffer::kVisitingEven, &header) = kv_columns;
  WidthOf(Buffer::kVisitingOdd, &header) = kv_columns;

  std::vector<Task> ring = {{.kind = TaskKind::kPackBlock,
                             .rows = RowSet::kVisiting,
                             .in = Buffer::kKey,
                             .in2 = Buffer::kValue,
                             .in3 = Buffer::kKv,
                             .out = Buffer::kVisitingEven}};
  for (std::int32_t s = 0; s < split.degree; ++s) AppendRingStep(split, s, &ring);
  ring.push_back(MergeTask());
  ReplaceTasks(TaskKind::kStoreKv, TaskKind::kAttention, ring, &draft->layer);
}

}  // namespace braid
