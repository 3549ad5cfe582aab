#include "plan/program.h"

#include "base/hash.h"
#include "base/status.h"

#include <numeric>

namespace braid {

bool IsCommunication(TaskKind kind) { return LaneOf(kind) == Lane::kNetwork; }

Lane LaneOf(TaskKind kind) {
  switch (kind) {
    case TaskKind::kAllReduce:
    case TaskKind::kGather:
    case TaskKind::kSend:
    case TaskKind::kReceive:
    case TaskKind::kRingShift:
    case TaskKind::kQueryExchange:
    case TaskKind::kPartialExchange:
    case TaskKind::kSendKv:
    case TaskKind::kReceiveKv:
      return Lane::kNetwork;
    default:
      return Lane::kCompute;
  }
}

std::string_view TaskKindName(TaskKind kind) {
  constexpr std::array<std::string_view, kNumTaskKinds> kNames = {
      "embed",     "rms_norm",       "mat_mul",          "rotate",
      "store_kv",  "attention",      "swiglu",           "add",
      "select",    "all_reduce",     "gather",           "send",
      "receive",   "pack_block",     "ring_shift",       "attend_block",
      "retain_kv", "query_exchange", "partial_exchange", "merge_partials",
      "send_kv",   "receive_kv"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view BufferName(Buffer buffer) {
  constexpr std::array<std::string_view, kNumBuffers + 1> kNames = {
      "residual", "normed",          "query",         "key",          "value",
      "attended", "partial",         "gate",          "up",           "selected",
      "logits",   "gathered_logits", "visiting_even", "visiting_odd", "peer_queries",
      "partials", "peer_results",    "peer_partials", "kv",           "none"};
  return kNames[static_cast<std::size_t>(buffer)];
}

std::string_view WeightName(Weight weight) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Weight::kNone) + 1> kNames = {
      "token_embedding",  "attention_norm", "query",      "key",        "value",
      "query_bias",       "key_bias",       "value_bias", "query_norm", "key_norm",
      "attention_output", "ffn_norm",       "gate",       "up",         "down",
      "output_norm",      "output",         "none"};
  return kNames[static_cast<std::size_t>(weight)];
}

TaskPlace Template::Place(std::uint32_t unrolled_index) const {
  if (unrolled_index < prologue.num_tasks) return {prologue.first_task + unrolled_index, -1};
  unrolled_index -= prologue.num_tasks;
  const std::uint32_t in_layers = layer.num_tasks * static_cast<std::uint32_t>(layers.size());
  if (unrolled_index < in_layers) {
    return {layer.first_task + unrolled_index % layer.num_tasks,
            layers.begin + static_cast<std::int32_t>(unrolled_index / layer.num_tasks)};
  }
  return {epilogue.first_task + (unrolled_index - in_layers), -1};
}

std::uint32_t Template::Operation(const TaskPlace& place) const {
  const std::uint32_t operation = tasks[place.task].operation;
  if (place.layer < 0) return operation;
  return operation + static_cast<std::uint32_t>(place.layer) * operations_per_layer;
}

std::uint64_t Template::Hash() const {
  Hasher hasher;
  const auto add = [&hasher](auto value) { hasher.Add(static_cast<std::uint64_t>(value)); };
  for (const Task& task : tasks) {
    add(task.kind);
    add(task.rows);
    add(task.in);
    add(task.in2);
    add(task.in3);
    add(task.out);
    add(task.weight);
    add(task.weight2);
    add(task.group);
    add(task.num_dependencies);
    add(task.half);
    add(task.part);
    add(task.num_parts);
    add(task.skips_first_layer);
    add(task.operation);
  }
  for (const std::uint16_t distance : dependencies) add(distance);
  for (const Section& section : {prologue, layer, epilogue}) add(section.num_tasks);
  add(layers.begin);
  add(layers.end);
  add(operations_per_layer);
  for (const std::int32_t width : widths) add(width);
  for (const auto& group : groups) {
    add(group.size());
    for (const std::int32_t member : group) add(member);
  }
  for (const auto& slices : slice_widths) {
    for (const std::int32_t width : slices) add(width);
  }
  add(rank);
  add(sampled);
  return hasher.Value();
}

std::int32_t Bindings::Rows(const Task& task) const {
  const auto part = static_cast<std::size_t>(task.part);
  if (task.rows == RowSet::kMoved) return moved_tokens[part];
  if (task.rows == RowSet::kSampled || halves.empty()) return Rows(task.rows);
  if (task.rows == RowSet::kAll && task.half == Half::kWhole) return num_rows();
  const BoundHalf& half = halves[task.half == Half::kSecond ? 1 : 0];
  switch (task.rows) {
    case RowSet::kStriped:
      return half.num_striped;
    case RowSet::kMastered:
      return half.rows.size() - half.num_striped;
    case RowSet::kVisiting:
      return half.block_tokens[part];
    case RowSet::kPeer:
      return std::accumulate(half.queries_from.begin(), half.queries_from.end(), 0);
    case RowSet::kReturned:
      return std::accumulate(half.queries_to.begin(), half.queries_to.end(), 0);
    default:
      return half.rows.size();
  }
}

}  // namespace braid
