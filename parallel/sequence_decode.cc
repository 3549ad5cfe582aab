#include "parallel/sequence_decode.h"

#include "parallel/sequence_layer.h"

#include <algorithm>

namespace braid {
namespace {

struct DecodeTasks {
  Task send_queries;
  Task store;
  Task attend_own;
  Task attend_peers;
  Task return_partials;
};

DecodeTasks MakeTasks(const SequenceSplit& split) {
  return {.send_queries = {.kind = TaskKind::kQueryExchange,
                           .rows = RowSet::kMastered,
                           .in = Buffer::kQuery,
                           .out = Buffer::kPeerQueries,
                           .group = split.group},
          .store = {.kind = TaskKind::kStoreKv,
                    .rows = RowSet::kMastered,
                    .in = Buffer::kKey,
                    .in2 = Buffer::kValue,
                    .out = Buffer::kKv},
          .attend_own = {.kind = TaskKind::kAttention,
                         .rows = RowSet::kMastered,
                         .in = Buffer::kQuery,
                         .in2 = Buffer::kKv,
                         // Reading them orders it behind their arrival.
                         .in3 = split.exchange_in_turn ? Buffer::kPeerQueries : Buffer::kNone,
                         .out = Buffer::kPartials},
          .attend_peers = {.kind = TaskKind::kAttention,
                           .rows = RowSet::kPeer,
                           .in = Buffer::kPeerQueries,
                           .in2 = Buffer::kKv,
                           .out = Buffer::kPeerResults},
          .return_partials = {.kind = TaskKind::kPartialExchange,
                              .rows = RowSet::kPeer,
                              .in = Buffer::kPeerResults,
                              .out = Buffer::kPeerPartials,
                              .group = split.group}};
}

}  // namespace

void SplitSequenceDecode(const SequenceSplit& split, TemplateDraft* draft) {
  Template& header = draft->header;
  AddPartials(split, &header);
  WidthOf(Buffer::kPeerQueries, &header) = WidthOf(Buffer::kQuery, &header);
  WidthOf(Buffer::kPeerResults, &header) = WidthOf(Buffer::kPartials, &header);
  WidthOf(Buffer::kPeerPartials, &header) = WidthOf(Buffer::kPartials, &header);

  const DecodeTasks decode = MakeTasks(split);
  std::vector<Task>& layer = draft->layer;
  const auto insert = [&layer](std::size_t index, std::initializer_list<Task> tasks) {
    layer.insert(layer.begin() + static_cast<std::ptrdiff_t>(index), tasks);
  };
  const bool has_ring = std::any_of(layer.begin(), layer.end(), [](const Task& task) {
    return task.kind == TaskKind::kPackBlock;
  });
  if (has_ring) {
    // From back to front, so that indices hold.
    insert(IndexOf(TaskKind::kAttendBlock, layer) + 1,
           {decode.attend_peers, decode.return_partials});
    insert(IndexOf(TaskKind::kRetainKv, layer), {decode.attend_own});
    insert(IndexOf(TaskKind::kPackBlock, layer), {decode.send_queries, decode.store});
  } else {
    ReplaceTasks(TaskKind::kStoreKv, TaskKind::kAttention,
                 {decode.send_queries, decode.store, decode.attend_own, decode.attend_peers,
                  decode.return_partials, MergeTask()},
                 &layer);
  }
  layer[IndexOf(TaskKind::kMergePartials, layer)].in2 = Buffer::kPeerPartials;
}

}  // namespace braid
