#include "parallel/payload.h"

#include <algorithm>

namespace braid {
namespace {

constexpr std::int64_t kFloatBytes = sizeof(float);

std::int64_t RowBytes(const Template& tmpl, const Task& task) {
  const auto width = [&tmpl](Buffer buffer) {
    return buffer == Buffer::kNone ? 0 : tmpl.widths[static_cast<std::size_t>(buffer)];
  };
  if (task.rows == RowSet::kMoved) {
    return (width(Buffer::kKey) + width(Buffer::kValue)) * kFloatBytes;
  }
  return width(task.kind == TaskKind::kReceive ? task.out : task.in) * kFloatBytes;
}

std::size_t PlaceOf(const Template& tmpl, const Task& task) {
  const std::vector<std::int32_t>& members = tmpl.groups[task.group];
  return static_cast<std::size_t>(std::find(members.begin(), members.end(), tmpl.rank) -
                                  members.begin());
}

const BoundHalf& HalfOf(const Bindings& bindings, const Task& task) {
  return bindings.halves[task.half == Half::kSecond ? 1 : 0];
}

}  // namespace

std::int64_t BytesToMember(const Template& tmpl, const Task& task, const Bindings& bindings,
                           std::size_t member) {
  const std::size_t self = PlaceOf(tmpl, task);
  if (member == self) return 0;
  const std::size_t size = tmpl.groups[task.group].size();
  std::int64_t rows = 0;
  switch (task.kind) {
    case TaskKind::kRingShift:
      if (member == (self + 1) % size) rows = HalfOf(bindings, task).block_tokens[task.part];
      break;
    case TaskKind::kQueryExchange:
      rows = HalfOf(bindings, task).queries_to[member];
      break;
    case TaskKind::kPartialExchange:
      rows = HalfOf(bindings, task).queries_from[member];
      break;
    case TaskKind::kSend:
    case TaskKind::kSendKv:
      rows = bindings.Rows(task);
      break;
    default:
      break;
  }
  return rows * RowBytes(tmpl, task);
}

std::int64_t BytesFromMember(const Template& tmpl, const Task& task, const Bindings& bindings,
                             std::size_t member) {
  const std::size_t self = PlaceOf(tmpl, task);
  if (member == self) return 0;
  const std::size_t size = tmpl.groups[task.group].size();
  std::int64_t rows = 0;
  switch (task.kind) {
    case TaskKind::kRingShift:
      if (self == (member + 1) % size) {
        rows = HalfOf(bindings, task).block_tokens[task.part + std::size_t{1}];
      }
      break;
    case TaskKind::kQueryExchange:
      rows = HalfOf(bindings, task).queries_from[member];
      break;
    case TaskKind::kPartialExchange:
      rows = HalfOf(bindings, task).queries_to[member];
      break;
    case TaskKind::kReceive:
    case TaskKind::kReceiveKv:
      rows = bindings.Rows(task);
      break;
    default:
      break;
  }
  return rows * RowBytes(tmpl, task);
}

std::int64_t PayloadBytes(const Template& tmpl, const TaskPlace& place, const Bindings& bindings) {
  const Task& task = tmpl.tasks[place.task];
  const bool exchanges =
      task.kind == TaskKind::kQueryExchange || task.kind == TaskKind::kPartialExchange;
  if (!exchanges) return bindings.Rows(task) * RowBytes(tmpl, task);
  std::int64_t bytes = 0;
  for (std::size_t member = 0; member < tmpl.groups[task.group].size(); ++member) {
    bytes += BytesToMember(tmpl, task, bindings, member);
  }
  return bytes;
}

}  // namespace braid
