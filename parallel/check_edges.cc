#include "parallel/check_edges.h"

#include "parallel/task_set.h"
#include "parallel/template_builder.h"

#include <vector>

namespace braid {
namespace {

/// Who touched one part of a buffer last.
struct Uses {
  std::int64_t writer = -1;
  std::vector<std::uint32_t> readers;
};

/// Walks a template in order and keeps what each task waits for, near and far.
class EdgeWalk {
 public:
  explicit EdgeWalk(const Template& tmpl)
      : tmpl_(tmpl), ancestors_(tmpl.num_tasks()), uses_(std::size_t{kNumBuffers} * 2) {}

  Status Visit(std::uint32_t i) {
    RETURN_IF_ERROR(FollowEdges(i));
    const TaskPlace place = tmpl_.Place(i);
    const Task& task = tmpl_.tasks[place.task];
    // Passed over: what comes after it sees what came before it.
    if (task.skips_first_layer && place.layer == tmpl_.layers.begin) return {};
    for (const Buffer buffer : BuffersRead(task)) RETURN_IF_ERROR(Read(i, task.half, buffer));
    return Write(i, task.half, BufferWritten(task));
  }

 private:
  Status FollowEdges(std::uint32_t i) {
    const Task& task = tmpl_.tasks[tmpl_.Place(i).task];
    for (std::uint32_t d = 0; d < task.num_dependencies; ++d) {
      const std::uint32_t distance = tmpl_.dependencies[task.first_dependency + d];
      if (distance == 0) return Internal(DescribeTask(tmpl_, i) + " waits for itself");
      if (distance > i) {
        if (i < tmpl_.prologue.num_tasks) {
          return Internal(DescribeTask(tmpl_, i) + " waits for a task before the first");
        }
        continue;  // an edge from the layer before, in a template without one
      }
      ancestors_.AddWithItsOwn(i, i - distance);
    }
    return {};
  }

  /// The parts of a buffer that a task of `half` touches.
  std::vector<Uses*> Parts(Buffer buffer, Half half) {
    if (buffer == Buffer::kNone) return {};
    Uses* first = &uses_[static_cast<std::size_t>(buffer) * 2];
    if (half == Half::kWhole || buffer == Buffer::kKv) return {first, first + 1};
    return {half == Half::kFirst ? first : first + 1};
  }

  Status OrderedAfter(std::uint32_t i, std::int64_t earlier, Buffer buffer) const {
    const auto before = static_cast<std::uint32_t>(earlier);
    if (earlier < 0 || before == i || ancestors_.Contains(i, before)) return {};
    return Internal(DescribeTask(tmpl_, i) + " and " + DescribeTask(tmpl_, before) +
                    " both use buffer " + std::string(BufferName(buffer)) +
                    " and no edge orders them");
  }

  Status Read(std::uint32_t i, Half half, Buffer buffer) {
    for (Uses* uses : Parts(buffer, half)) {
      if (uses->writer < 0 && buffer != Buffer::kKv) {
        return Internal(DescribeTask(tmpl_, i) + " reads buffer " +
                        std::string(BufferName(buffer)) + " before anything wrote it");
      }
      RETURN_IF_ERROR(OrderedAfter(i, uses->writer, buffer));
      uses->readers.push_back(i);
    }
    return {};
  }

  Status Write(std::uint32_t i, Half half, Buffer buffer) {
    for (Uses* uses : Parts(buffer, half)) {
      RETURN_IF_ERROR(OrderedAfter(i, uses->writer, buffer));
      for (const std::uint32_t reader : uses->readers) {
        RETURN_IF_ERROR(OrderedAfter(i, reader, buffer));
      }
      uses->readers.clear();
      uses->writer = i;
    }
    return {};
  }

  const Template& tmpl_;
  TaskSets ancestors_;
  std::vector<Uses> uses_;
};

}  // namespace

std::string DescribeTask(const Template& tmpl, std::uint32_t unrolled_index) {
  const TaskPlace place = tmpl.Place(unrolled_index);
  std::string text = "rank " + std::to_string(tmpl.rank) + ", task " +
                     std::to_string(unrolled_index) + " (" +
                     std::string(TaskKindName(tmpl.tasks[place.task].kind));
  if (place.layer >= 0) text += ", layer " + std::to_string(place.layer);
  return text + ")";
}

Status CheckEdges(const Template& tmpl) {
  EdgeWalk walk(tmpl);
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) RETURN_IF_ERROR(walk.Visit(i));
  return {};
}

}  // namespace braid
