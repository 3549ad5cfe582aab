#include "parallel/check.h"

#include "parallel/template_builder.h"

#include <algorithm>
#include <set>
#include <string>

namespace braid {
namespace {

std::string Describe(const Template& tmpl, std::uint32_t unrolled_index) {
  const TaskPlace place = tmpl.Place(unrolled_index);
  std::string text = "rank " + std::to_string(tmpl.rank) + ", task " +
                     std::to_string(unrolled_index) + " (" +
                     std::string(TaskKindName(tmpl.tasks[place.task].kind));
  if (place.layer >= 0) text += ", layer " + std::to_string(place.layer);
  return text + ")";
}

Status CheckSections(const Template& tmpl) {
  const std::string rank = "rank " + std::to_string(tmpl.rank) + ": ";
  if (tmpl.layers.begin < 0 || tmpl.layers.end < tmpl.layers.begin) {
    return Internal(rank + "layer range is reversed");
  }
  std::uint64_t next = 0;
  for (const Section& section : {tmpl.prologue, tmpl.layer, tmpl.epilogue}) {
    if (section.first_task != next) return Internal(rank + "sections leave a gap or overlap");
    next += section.num_tasks;
  }
  if (next != tmpl.tasks.size()) return Internal(rank + "sections do not cover the tasks");
  if (tmpl.slice_widths.size() != tmpl.groups.size()) {
    return Internal(rank + "groups and their slice widths differ in number");
  }
  for (const Task& task : tmpl.tasks) {
    if (std::size_t{task.first_dependency} + task.num_dependencies > tmpl.dependencies.size()) {
      return Internal(rank + "a task's edges lie outside the list of edges");
    }
  }
  return {};
}

Status CheckBuffers(const Template& tmpl, std::uint32_t index) {
  const Task& task = tmpl.tasks[tmpl.Place(index).task];
  const auto usable = [&](Buffer buffer) {
    return buffer == Buffer::kNone || buffer == Buffer::kKv ||
           tmpl.widths[static_cast<std::size_t>(buffer)] > 0;
  };
  for (const Buffer buffer : {task.in, task.in2, task.in3, task.out}) {
    if (usable(buffer)) continue;
    return Internal(Describe(tmpl, index) + " uses buffer " + std::string(BufferName(buffer)) +
                    ", which this rank does not have");
  }
  return {};
}

Status CheckGroup(const Template& tmpl, std::uint32_t index) {
  const Task& task = tmpl.tasks[tmpl.Place(index).task];
  if (task.group >= tmpl.groups.size()) {
    return Internal(Describe(tmpl, index) + " names a group that does not exist");
  }
  const std::vector<std::int32_t>& members = tmpl.groups[task.group];
  const std::set<std::int32_t> distinct(members.begin(), members.end());
  if (distinct.size() != members.size()) {
    return Internal(Describe(tmpl, index) + " has a rank twice in its group");
  }
  if (!distinct.contains(tmpl.rank)) {
    return Internal(Describe(tmpl, index) + " runs on a rank outside its group");
  }
  const bool pair = task.kind == TaskKind::kSend || task.kind == TaskKind::kReceive;
  if (pair && members.size() != 2) {
    return Internal(Describe(tmpl, index) + " must have exactly a sender and a receiver");
  }
  if (pair && members[task.kind == TaskKind::kSend ? 0 : 1] != tmpl.rank) {
    return Internal(Describe(tmpl, index) + " is on the wrong side of its pair");
  }
  if (task.kind == TaskKind::kGather && tmpl.slice_widths[task.group].size() != members.size()) {
    return Internal(Describe(tmpl, index) + " does not state every member's slice");
  }
  return {};
}

/// Each task's edges reach `ancestors`; every conflict on a buffer must be among them.
Status CheckEdges(const Template& tmpl) {
  const std::uint32_t size = tmpl.num_tasks();
  std::vector<std::set<std::uint32_t>> ancestors(size);
  std::vector<std::vector<std::uint32_t>> readers(kNumBuffers);
  std::vector<std::int64_t> writer(kNumBuffers, -1);
  for (std::uint32_t i = 0; i < size; ++i) {
    const Task& task = tmpl.tasks[tmpl.Place(i).task];
    for (std::uint32_t d = 0; d < task.num_dependencies; ++d) {
      const std::uint32_t distance = tmpl.dependencies[task.first_dependency + d];
      if (distance == 0) return Internal(Describe(tmpl, i) + " waits for itself");
      if (distance > i) {
        if (i < tmpl.prologue.num_tasks) {
          return Internal(Describe(tmpl, i) + " waits for a task before the first");
        }
        continue;  // an edge from the layer before, in a template without one
      }
      ancestors[i].insert(i - distance);
      ancestors[i].insert(ancestors[i - distance].begin(), ancestors[i - distance].end());
    }
    const auto ordered_after = [&](std::uint32_t earlier, Buffer buffer) -> Status {
      if (earlier == i || ancestors[i].contains(earlier)) return {};
      return Internal(Describe(tmpl, i) + " and " + Describe(tmpl, earlier) + " both use buffer " +
                      std::string(BufferName(buffer)) + " and no edge orders them");
    };
    for (const Buffer buffer : BuffersRead(task)) {
      if (buffer == Buffer::kNone) continue;
      const auto b = static_cast<std::size_t>(buffer);
      if (writer[b] < 0 && buffer != Buffer::kKv) {
        return Internal(Describe(tmpl, i) + " reads buffer " + std::string(BufferName(buffer)) +
                        " before anything wrote it");
      }
      if (writer[b] >= 0) {
        RETURN_IF_ERROR(ordered_after(static_cast<std::uint32_t>(writer[b]), buffer));
      }
      readers[b].push_back(i);
    }
    if (const Buffer buffer = BufferWritten(task); buffer != Buffer::kNone) {
      const auto b = static_cast<std::size_t>(buffer);
      if (writer[b] >= 0) {
        RETURN_IF_ERROR(ordered_after(static_cast<std::uint32_t>(writer[b]), buffer));
      }
      for (const std::uint32_t reader : readers[b]) RETURN_IF_ERROR(ordered_after(reader, buffer));
      readers[b].clear();
      writer[b] = i;
    }
  }
  return {};
}

/// The same template over at most four layers: all that edges can tell apart.
Template Shortened(const Template& tmpl) {
  Template shorter = tmpl;
  shorter.layers.end = std::min(tmpl.layers.end, tmpl.layers.begin + 4);
  return shorter;
}

/// A communication as one of its members states it.
struct Communication {
  TaskKind kind = TaskKind::kSend;
  RowSet rows = RowSet::kAll;
  std::uint32_t operation = 0;
  std::uint32_t task = 0;  ///< unrolled
  std::int32_t width = 0;  ///< columns that the parties must agree on
  std::vector<std::int32_t> members;
  std::vector<std::int32_t> slices;
};

std::vector<Communication> Communications(const Template& tmpl) {
  std::vector<Communication> out;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    const Task& task = tmpl.tasks[place.task];
    if (!IsCommunication(task.kind)) continue;
    const Buffer buffer = task.kind == TaskKind::kReceive ? task.out : task.in;
    const std::int32_t width =
        buffer == Buffer::kNone ? 0 : tmpl.widths[static_cast<std::size_t>(buffer)];
    out.push_back({task.kind, task.rows, tmpl.Operation(place), i, width, tmpl.groups[task.group],
                   tmpl.slice_widths[task.group]});
  }
  return out;
}

Status CheckOperationsDistinct(const Template& tmpl) {
  std::set<std::uint32_t> seen;
  for (const Communication& c : Communications(tmpl)) {
    if (!seen.insert(c.operation).second) {
      return Internal(Describe(tmpl, c.task) + " reuses operation number " +
                      std::to_string(c.operation));
    }
  }
  return {};
}

bool KindsMatch(TaskKind a, TaskKind b) {
  if (a == TaskKind::kSend) return b == TaskKind::kReceive;
  if (a == TaskKind::kReceive) return b == TaskKind::kSend;
  return a == b;
}

Status CheckSizes(std::span<const Template> templates, const Communication& mine,
                  const Communication& theirs, std::int32_t rank, std::int32_t peer) {
  const std::string where = Describe(templates[static_cast<std::size_t>(rank)], mine.task) +
                            " and " +
                            Describe(templates[static_cast<std::size_t>(peer)], theirs.task);
  if (!KindsMatch(mine.kind, theirs.kind)) return Internal(where + " are different operations");
  if (mine.members != theirs.members) return Internal(where + " differ in their members");
  if (mine.rows != theirs.rows) return Internal(where + " differ in their rows");
  if (mine.slices != theirs.slices) return Internal(where + " differ in their slices");
  if (mine.kind != TaskKind::kGather && mine.width != theirs.width) {
    return Internal(where + " differ in width: " + std::to_string(mine.width) + " and " +
                    std::to_string(theirs.width));
  }
  return {};
}

Status CheckGatherWidths(const Template& tmpl, const Communication& c) {
  if (c.kind != TaskKind::kGather) return {};
  std::int32_t total = 0;
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    total += c.slices[i];
    if (c.members[i] == tmpl.rank && c.slices[i] != c.width) {
      return Internal(Describe(tmpl, c.task) + " gives a slice of another width than stated");
    }
  }
  const Buffer out = tmpl.tasks[tmpl.Place(c.task).task].out;
  if (c.members[0] == tmpl.rank &&
      (out == Buffer::kNone || tmpl.widths[static_cast<std::size_t>(out)] != total)) {
    return Internal(Describe(tmpl, c.task) + " gathers slices that do not fill its output");
  }
  return {};
}

}  // namespace

Status CheckTemplate(const Template& tmpl) {
  RETURN_IF_ERROR(CheckSections(tmpl));
  const Template shorter = Shortened(tmpl);
  for (std::uint32_t i = 0; i < shorter.num_tasks(); ++i) {
    RETURN_IF_ERROR(CheckBuffers(shorter, i));
    if (IsCommunication(shorter.tasks[shorter.Place(i).task].kind)) {
      RETURN_IF_ERROR(CheckGroup(shorter, i));
    }
  }
  RETURN_IF_ERROR(CheckEdges(shorter));
  RETURN_IF_ERROR(CheckOperationsDistinct(tmpl));
  for (const Communication& c : Communications(shorter)) {
    RETURN_IF_ERROR(CheckGatherWidths(shorter, c));
  }
  return {};
}

Status CheckInstance(std::span<const Template> templates) {
  const auto size = static_cast<std::int32_t>(templates.size());
  std::vector<std::vector<Communication>> lists;
  for (std::int32_t rank = 0; rank < size; ++rank) {
    const Template& tmpl = templates[static_cast<std::size_t>(rank)];
    if (tmpl.rank != rank) {
      return Internal("template " + std::to_string(rank) + " belongs to rank " +
                      std::to_string(tmpl.rank));
    }
    RETURN_IF_ERROR(CheckTemplate(tmpl));
    lists.push_back(Communications(tmpl));
    for (const Communication& c : lists.back()) {
      for (const std::int32_t member : c.members) {
        if (member < 0 || member >= size) {
          return Internal(Describe(tmpl, c.task) + " names rank " + std::to_string(member) +
                          " of an instance of " + std::to_string(size));
        }
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
        RETURN_IF_ERROR(CheckSizes(templates, mine, lists[m][next[m]], rank, member));
      }
      const std::vector<std::int32_t> members = mine.members;
      for (const std::int32_t member : members) ++next[static_cast<std::size_t>(member)];
      moved = true;
    }
  }
  for (std::int32_t rank = 0; rank < size; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    if (next[r] == lists[r].size()) continue;
    return Internal(Describe(templates[r], lists[r][next[r]].task) +
                    " waits for ever: a member never comes to operation " +
                    std::to_string(lists[r][next[r]].operation));
  }
  return {};
}

}  // namespace braid
