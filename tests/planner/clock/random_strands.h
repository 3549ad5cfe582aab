#pragma once

#include "planner/sim/clock/co_run.h"
#include "planner/sim/clock/task_clock.h"

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace braid {

/// Whole numbers of a seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  /// least .. most, both included.
  std::int64_t operator()(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most - least + 1));
  }

 private:
  std::mt19937_64 random_;
};

inline Section DrawSection(Draws& draw, std::int64_t most_tasks, TimedTemplate& tmpl) {
  Section section = {static_cast<std::uint32_t>(tmpl.tasks.size()),
                     static_cast<std::uint32_t>(draw(0, most_tasks))};
  for (std::uint32_t i = 0; i < section.num_tasks; ++i) {
    TimedTask task;
    task.lane = draw(0, 2) == 0 ? Lane::kNetwork : Lane::kCompute;
    task.work =
        task.lane == Lane::kNetwork ? WorkClass::kNetwork : static_cast<WorkClass>(draw(0, 2));
    task.cuttable = draw(0, 3) > 0;
    task.fixed_ns = draw(0, 4) == 0 ? 0 : draw(0, 2000);
    task.terms[0] = {Size::kRows, draw(0, 900) << TimedTask::kCoefficientBits};
    task.first_dependency = static_cast<std::uint16_t>(tmpl.dependencies.size());
    task.num_dependencies = static_cast<std::uint8_t>(draw(0, 3));
    for (int d = 0; d < task.num_dependencies; ++d) {
      tmpl.dependencies.push_back(static_cast<std::uint16_t>(draw(1, draw(0, 1) == 0 ? 2 : 14)));
    }
    tmpl.tasks.push_back(task);
  }
  return section;
}

/// Any tasks with any edges: prologue, layers and epilogue.
inline std::unique_ptr<TimedTemplate> DrawTemplate(Draws& draw) {
  auto tmpl = std::make_unique<TimedTemplate>();
  tmpl->prologue = DrawSection(draw, 3, *tmpl);
  tmpl->layer = DrawSection(draw, 9, *tmpl);
  tmpl->epilogue = DrawSection(draw, 3, *tmpl);
  tmpl->num_layers = static_cast<std::int32_t>(draw(0, 7));
  tmpl->overhead_ns = draw(0, 1) == 0 ? 0 : draw(1, 3000);
  const bool empty = tmpl->prologue.num_tasks + tmpl->epilogue.num_tasks == 0 &&
                     (tmpl->layer.num_tasks == 0 || tmpl->num_layers == 0);
  return empty ? DrawTemplate(draw) : std::move(tmpl);
}

inline ContentionMatrix DrawContention(Draws& draw) {
  ContentionMatrix matrix;
  for (auto& row : matrix.factor) {
    for (std::int64_t& factor : row) factor = draw(0, 2) == 0 ? 1024 : draw(1024, 1700);
  }
  return matrix;
}

struct DrawnStrands {
  std::vector<std::unique_ptr<TimedTemplate>> templates;
  std::vector<StrandStart> starts;
};

inline DrawnStrands DrawStrands(Draws& draw, std::int64_t most) {
  DrawnStrands strands;
  const std::int64_t count = draw(1, most);
  const bool together = draw(0, 1) == 0;
  for (std::int64_t i = 0; i < count; ++i) {
    strands.templates.push_back(DrawTemplate(draw));
    StrandStart start;
    start.tmpl = strands.templates.back().get();
    start.sizes[Size::kRows] = draw(1, 4);
    start.priority = static_cast<std::int32_t>(draw(0, 2));
    start.arrival_ns = together ? 0 : draw(0, 60'000);
    start.repeats = draw(0, 3) == 0 ? draw(2, 3) : 1;
    strands.starts.push_back(start);
  }
  return strands;
}

/// A step as models have it: a chain of matrix products, attention and two all-reduces a layer, or
/// with `ring` a prefill whose ring transfers run beside its own attention.
inline TimedTemplate DrawModelStep(Draws& draw, bool ring) {
  const std::int64_t layers = draw(0, 1) == 0 ? 32 : 48;
  const std::int64_t step_ns =
      (draw(0, 3) == 0 ? draw(100, 1000) : draw(5, 60)) * 1'000'000 / layers;
  const std::int64_t network_ns = step_ns * draw(20, 600) / 1000;
  const std::int64_t compute_ns = step_ns - network_ns;
  TimedTemplate tmpl;
  const auto add = [&](WorkClass work, std::int64_t task_ns, std::vector<std::uint16_t> edges) {
    TimedTask task;
    task.lane = work == WorkClass::kNetwork ? Lane::kNetwork : Lane::kCompute;
    task.work = work;
    task.cuttable = true;
    task.fixed_ns = task_ns;
    task.first_dependency = static_cast<std::uint16_t>(tmpl.dependencies.size());
    task.num_dependencies = static_cast<std::uint8_t>(edges.size());
    tmpl.dependencies.insert(tmpl.dependencies.end(), edges.begin(), edges.end());
    tmpl.tasks.push_back(task);
  };
  if (ring) {
    add(WorkClass::kMatMul, compute_ns / 2, {1});
    for (int block = 0; block < 4; ++block) {
      add(WorkClass::kNetwork, network_ns / 4, {static_cast<std::uint16_t>(block == 0 ? 1 : 2)});
      add(WorkClass::kAttention, compute_ns / 8, {2});
    }
    add(WorkClass::kMatMul, compute_ns / 8, {1});
  } else {
    const std::int64_t attention_ns = compute_ns * draw(100, 600) / 1000;
    const std::int64_t products_ns = compute_ns - attention_ns;
    add(WorkClass::kMatMul, products_ns / 4, {1});
    add(WorkClass::kAttention, attention_ns, {1});
    add(WorkClass::kMatMul, products_ns / 8, {1});
    add(WorkClass::kNetwork, network_ns / 2, {1});
    add(WorkClass::kMatMul, products_ns * 5 / 8, {1});
    add(WorkClass::kNetwork, network_ns / 2, {1});
  }
  tmpl.layer = {0, static_cast<std::uint32_t>(tmpl.tasks.size())};
  tmpl.num_layers = static_cast<std::int32_t>(layers);
  tmpl.overhead_ns = draw(0, 1) == 0 ? 0 : draw(100, 1000) * 1000;
  return tmpl;
}

/// `factor` where compute and the network run side by side.
inline ContentionMatrix NetworkContention(std::int64_t factor) {
  const auto network = static_cast<std::size_t>(WorkClass::kNetwork);
  ContentionMatrix matrix;
  for (std::size_t work = 0; work < network; ++work) {
    matrix.factor[work][network] = factor;
    matrix.factor[network][work] = factor;
  }
  return matrix;
}

}  // namespace braid
