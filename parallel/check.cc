#include "parallel/check.h"

#include "parallel/check_communication.h"
#include "parallel/check_edges.h"
#include "parallel/check_sequence.h"

#include <algorithm>
#include <set>
#include <string>

namespace braid {
namespace {

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
    return Internal(DescribeTask(tmpl, index) + " uses buffer " + std::string(BufferName(buffer)) +
                    ", which this rank does not have");
  }
  return {};
}

Status CheckGroup(const Template& tmpl, std::uint32_t index) {
  const Task& task = tmpl.tasks[tmpl.Place(index).task];
  if (task.group >= tmpl.groups.size()) {
    return Internal(DescribeTask(tmpl, index) + " names a group that does not exist");
  }
  const std::vector<std::int32_t>& members = tmpl.groups[task.group];
  const std::set<std::int32_t> distinct(members.begin(), members.end());
  if (distinct.size() != members.size()) {
    return Internal(DescribeTask(tmpl, index) + " has a rank twice in its group");
  }
  if (!distinct.contains(tmpl.rank)) {
    return Internal(DescribeTask(tmpl, index) + " runs on a rank outside its group");
  }
  const bool sends = task.kind == TaskKind::kSend || task.kind == TaskKind::kSendKv;
  const bool pair = sends || task.kind == TaskKind::kReceive || task.kind == TaskKind::kReceiveKv;
  if (pair && members.size() != 2) {
    return Internal(DescribeTask(tmpl, index) + " must have exactly a sender and a receiver");
  }
  if (pair && members[sends ? 0 : 1] != tmpl.rank) {
    return Internal(DescribeTask(tmpl, index) + " is on the wrong side of its pair");
  }
  if (task.kind == TaskKind::kGather && tmpl.slice_widths[task.group].size() != members.size()) {
    return Internal(DescribeTask(tmpl, index) + " does not state every member's slice");
  }
  return {};
}

/// The same template over at most four layers: all that edges can tell apart.
Template Shortened(const Template& tmpl) {
  Template shorter = tmpl;
  shorter.layers.end = std::min(tmpl.layers.end, tmpl.layers.begin + 4);
  return shorter;
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
  RETURN_IF_ERROR(CheckSequence(shorter));
  RETURN_IF_ERROR(CheckCuts(shorter));
  RETURN_IF_ERROR(CheckOperationsDistinct(tmpl));
  for (const Communication& c : Communications(shorter)) {
    RETURN_IF_ERROR(CheckGatherWidths(shorter, c));
  }
  return {};
}

Status CheckInstance(std::span<const Template> templates) {
  for (std::size_t rank = 0; rank < templates.size(); ++rank) {
    if (templates[rank].rank != static_cast<std::int32_t>(rank)) {
      return Internal("template " + std::to_string(rank) + " belongs to rank " +
                      std::to_string(templates[rank].rank));
    }
    RETURN_IF_ERROR(CheckTemplate(templates[rank]));
  }
  return CheckMessages(templates);
}

Status CheckGroup(std::span<const Template> templates) { return CheckInstance(templates); }

}  // namespace braid
