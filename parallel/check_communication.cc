#include "parallel/check_communication.h"

#include "parallel/check_edges.h"

#include <algorithm>
#include <set>
#include <string>

namespace braid {
namespace {

std::int32_t Width(const Template& tmpl, Buffer buffer) {
  return buffer == Buffer::kNone ? 0 : tmpl.widths[static_cast<std::size_t>(buffer)];
}

/// Columns that both sides of a communication must agree on.
std::int32_t AgreedWidth(const Template& tmpl, const Task& task) {
  switch (task.kind) {
    case TaskKind::kSendKv:
    case TaskKind::kReceiveKv:
      return Width(tmpl, Buffer::kKey) + Width(tmpl, Buffer::kValue);
    case TaskKind::kReceive:
      return Width(tmpl, task.out);
    default:
      return Width(tmpl, task.in);
  }
}

bool KindsMatch(TaskKind a, TaskKind b) {
  if (a == TaskKind::kSend) return b == TaskKind::kReceive;
  if (a == TaskKind::kReceive) return b == TaskKind::kSend;
  if (a == TaskKind::kSendKv) return b == TaskKind::kReceiveKv;
  if (a == TaskKind::kReceiveKv) return b == TaskKind::kSendKv;
  return a == b;
}

/// In a move each side names the other in `part`; elsewhere all members do the same part.
bool PartsMatch(const Task& a, const Task& b) {
  if (a.rows == RowSet::kMoved) return true;
  return a.part == b.part;
}

/// Whether `out` fits what comes: what arrives in an exchange is as wide as what leaves.
bool OutputFits(const Template& tmpl, const Communication& c) {
  const bool exchanges = c.task.kind == TaskKind::kRingShift ||
                         c.task.kind == TaskKind::kQueryExchange ||
                         c.task.kind == TaskKind::kPartialExchange;
  return !exchanges || Width(tmpl, c.task.out) == c.width;
}

Status CheckAgreement(std::span<const Template> templates, const Communication& mine,
                      const Communication& theirs, std::int32_t rank, std::int32_t peer) {
  const std::string where = DescribeTask(templates[static_cast<std::size_t>(rank)], mine.index) +
                            " and " +
                            DescribeTask(templates[static_cast<std::size_t>(peer)], theirs.index);
  if (!KindsMatch(mine.task.kind, theirs.task.kind)) {
    return Internal(where + " are different operations");
  }
  if (mine.members != theirs.members) return Internal(where + " differ in their members");
  if (mine.task.rows != theirs.task.rows) return Internal(where + " differ in their rows");
  if (mine.task.half != theirs.task.half) return Internal(where + " are of different halves");
  if (!PartsMatch(mine.task, theirs.task)) return Internal(where + " differ in their ring step");
  if (mine.slices != theirs.slices) return Internal(where + " differ in their slices");
  if (mine.task.kind != TaskKind::kGather && mine.width != theirs.width) {
    return Internal(where + " differ in width: " + std::to_string(mine.width) + " and " +
                    std::to_string(theirs.width));
  }
  return {};
}

}  // namespace

std::vector<Communication> Communications(const Template& tmpl) {
  std::vector<Communication> out;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    const Task& task = tmpl.tasks[place.task];
    if (!IsCommunication(task.kind)) continue;
    out.push_back({task, tmpl.Operation(place), i, AgreedWidth(tmpl, task), tmpl.groups[task.group],
                   tmpl.slice_widths[task.group]});
  }
  return out;
}

Status CheckOperationsDistinct(const Template& tmpl) {
  std::set<std::uint32_t> seen;
  for (const Communication& c : Communications(tmpl)) {
    if (!seen.insert(c.operation).second) {
      return Internal(DescribeTask(tmpl, c.index) + " reuses operation number " +
                      std::to_string(c.operation));
    }
  }
  return {};
}

Status CheckGatherWidths(const Template& tmpl, const Communication& c) {
  if (c.task.kind != TaskKind::kGather) return {};
  std::int32_t total = 0;
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    total += c.slices[i];
    if (c.members[i] == tmpl.rank && c.slices[i] != c.width) {
      return Internal(DescribeTask(tmpl, c.index) + " gives a slice of another width than stated");
    }
  }
  const Buffer out = c.task.out;
  if (c.members[0] == tmpl.rank &&
      (out == Buffer::kNone || tmpl.widths[static_cast<std::size_t>(out)] != total)) {
    return Internal(DescribeTask(tmpl, c.index) + " gathers slices that do not fill its output");
  }
  return {};
}

Status CheckMessages(std::span<const Template> templates) {
  const auto size = static_cast<std::int32_t>(templates.size());
  std::vector<std::vector<Communication>> lists;
  for (const Template& tmpl : templates) {
    lists.push_back(Communications(tmpl));
    for (const Communication& c : lists.back()) {
      for (const std::int32_t member : c.members) {
        if (member >= 0 && member < size) continue;
        return Internal(DescribeTask(tmpl, c.index) + " names rank " + std::to_string(member) +
                        " of " + std::to_string(size));
      }
      if (!OutputFits(tmpl, c)) {
        return Internal(DescribeTask(tmpl, c.index) +
                        " receives into a buffer of another width than it sends");
      }
    }
  }

  // Each rank stands at its next communication; one may pass when all its members stand at it.
  std::vector<std::size_t> next(lists.size(), 0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::int32_t rank = 0; rank < size; ++rank) {
      const auto r = static_cast<std::size_t>(rank);
      if (next[r] == lists[r].size()) continue;
      const Communication& mine = lists[r][next[r]];
      const bool all_there =
          std::all_of(mine.members.begin(), mine.members.end(), [&](std::int32_t member) {
            const auto m = static_cast<std::size_t>(member);
            return next[m] < lists[m].size() && lists[m][next[m]].operation == mine.operation;
          });
      if (!all_there) continue;
      for (const std::int32_t member : mine.members) {
        const auto m = static_cast<std::size_t>(member);
        if (member == rank) continue;
        RETURN_IF_ERROR(CheckAgreement(templates, mine, lists[m][next[m]], rank, member));
      }
      const std::vector<std::int32_t> members = mine.members;
      for (const std::int32_t member : members) ++next[static_cast<std::size_t>(member)];
      moved = true;
    }
  }
  for (std::int32_t rank = 0; rank < size; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    if (next[r] == lists[r].size()) continue;
    return Internal(DescribeTask(templates[r], lists[r][next[r]].index) +
                    " waits for ever: a member never comes to operation " +
                    std::to_string(lists[r][next[r]].operation));
  }
  return {};
}

}  // namespace braid
