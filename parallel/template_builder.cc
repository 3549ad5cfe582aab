#include "parallel/template_builder.h"

#include "parallel/task_set.h"

#include <algorithm>
#include <set>

namespace braid {
namespace {

/// Follows who wrote and who read each part of each buffer last, over a list of tasks in order.
class HazardTracker {
 public:
  HazardTracker() : last_writer_(kNumBuffers * kNumHalves, -1), readers_(last_writer_.size()) {}

  /// Indices of the tasks that task `index` must wait for.
  std::set<int> Visit(const Task& task, int index) {
    std::set<int> before;
    for (const Buffer buffer : BuffersRead(task)) {
      for (const std::size_t b : Parts(buffer, task.half)) {
        if (last_writer_[b] >= 0) before.insert(last_writer_[b]);
        readers_[b].push_back(index);
      }
    }
    for (const std::size_t b : Parts(BufferWritten(task), task.half)) {
      if (last_writer_[b] >= 0) before.insert(last_writer_[b]);
      for (const int reader : readers_[b]) {
        if (reader != index) before.insert(reader);
      }
      readers_[b].clear();
      last_writer_[b] = index;
    }
    return before;
  }

 private:
  static constexpr std::size_t kNumHalves = 2;

  /// The parts of a buffer that a task of `half` touches. KV is one: later rows attend to earlier.
  static std::vector<std::size_t> Parts(Buffer buffer, Half half) {
    if (buffer == Buffer::kNone) return {};
    const std::size_t first = static_cast<std::size_t>(buffer) * kNumHalves;
    if (half == Half::kWhole || buffer == Buffer::kKv) return {first, first + 1};
    return {half == Half::kFirst ? first : first + 1};
  }

  std::vector<int> last_writer_;
  std::vector<std::vector<int>> readers_;
};

/// Drops every edge that follows from others: `reach` holds all that a task waits for, however far.
std::set<int> Reduce(const std::set<int>& direct, const TaskSets& reach) {
  std::set<int> reduced;
  for (const int candidate : direct) {
    const bool implied = std::any_of(direct.begin(), direct.end(), [&](int other) {
      return other != candidate &&
             reach.Contains(static_cast<std::size_t>(other), static_cast<std::size_t>(candidate));
    });
    if (!implied) reduced.insert(candidate);
  }
  return reduced;
}

void AppendSection(std::vector<Task> tasks, std::vector<std::set<int>> distances, Template* out,
                   Section* section) {
  section->first_task = static_cast<std::uint32_t>(out->tasks.size());
  section->num_tasks = static_cast<std::uint32_t>(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].first_dependency = static_cast<std::uint16_t>(out->dependencies.size());
    tasks[i].num_dependencies = static_cast<std::uint8_t>(distances[i].size());
    for (const int distance : distances[i]) {
      out->dependencies.push_back(static_cast<std::uint16_t>(distance));
    }
    out->tasks.push_back(tasks[i]);
  }
}

}  // namespace

std::array<Buffer, 4> BuffersRead(const Task& task) {
  std::array<Buffer, 4> read = {task.in, task.in2, task.in3, Buffer::kNone};
  // These change their buffer in place: they read what they write.
  const bool in_place = task.kind == TaskKind::kAdd || task.kind == TaskKind::kRotate ||
                        task.kind == TaskKind::kAllReduce || task.kind == TaskKind::kStoreKv ||
                        task.kind == TaskKind::kRetainKv || task.kind == TaskKind::kReceiveKv ||
                        (task.kind == TaskKind::kAttendBlock && task.part > 0);
  if (in_place) read[3] = task.out;
  return read;
}

Buffer BufferWritten(const Task& task) { return task.out; }

Template BuildTemplate(TemplateDraft draft) {
  // Three layers show every edge a layer can have: from the prologue, from itself, from the layer
  // before. An edge that only some layers need becomes one of all: more waiting, never less.
  constexpr int kLayersSeen = 3;
  const int layer_size = static_cast<int>(draft.layer.size());
  std::vector<const Task*> unrolled;
  for (const Task& task : draft.prologue) unrolled.push_back(&task);
  for (int copy = 0; copy < kLayersSeen; ++copy) {
    for (const Task& task : draft.layer) unrolled.push_back(&task);
  }
  for (const Task& task : draft.epilogue) unrolled.push_back(&task);

  const int prologue_size = static_cast<int>(draft.prologue.size());
  const int layers_end = prologue_size + kLayersSeen * layer_size;
  std::vector<std::set<int>> prologue(draft.prologue.size());
  std::vector<std::set<int>> layer(draft.layer.size());
  std::vector<std::set<int>> epilogue(draft.epilogue.size());
  TaskSets reach(unrolled.size());
  HazardTracker hazards;
  for (int i = 0; i < static_cast<int>(unrolled.size()); ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (unrolled[index]->skips_first_layer && i < prologue_size + layer_size) continue;
    const std::set<int> before = Reduce(hazards.Visit(*unrolled[index], i), reach);
    std::set<int>* distances = nullptr;
    if (i < prologue_size) {
      distances = &prologue[index];
    } else if (i < layers_end) {
      distances = &layer[static_cast<std::size_t>((i - prologue_size) % layer_size)];
    } else {
      distances = &epilogue[static_cast<std::size_t>(i - layers_end)];
    }
    for (const int b : before) {
      distances->insert(i - b);
      reach.AddWithItsOwn(index, static_cast<std::size_t>(b));
    }
  }

  Template out = std::move(draft.header);
  AppendSection(std::move(draft.prologue), std::move(prologue), &out, &out.prologue);
  AppendSection(std::move(draft.layer), std::move(layer), &out, &out.layer);
  AppendSection(std::move(draft.epilogue), std::move(epilogue), &out, &out.epilogue);
  return out;
}

}  // namespace braid
