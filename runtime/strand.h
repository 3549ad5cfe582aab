#pragma once

#include "device/operators.h"
#include "plan/program.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid {

/// A program while it runs on a rank: which tasks are done and which may start. Lanes are in order
/// within a strand, so each has at most one next task.
/// Thread: rank thread only.
class Strand {
 public:
  explicit Strand(Program program);

  const Template& tmpl() const { return *program_.tmpl; }
  const Bindings& bindings() const { return program_.bindings; }

  /// The next task of `lane` by its unrolled index, if all that it waits for is done.
  std::optional<std::uint32_t> Ready(Lane lane) const;

  /// Marks the next task of `lane` done.
  void Finish(Lane lane);

  bool finished() const { return tasks_left_ == 0; }

  /// The step's requests as the operators want them; valid as long as the strand.
  std::span<const RequestRows> request_rows() const { return request_rows_; }

 private:
  /// Moves the lane's cursor to its first task from `index` on.
  void Seek(Lane lane, std::uint32_t index);

  Program program_;
  std::uint32_t num_tasks_;
  std::uint32_t tasks_left_;
  std::array<std::uint32_t, kNumLanes> next_ = {};  // num_tasks_: the lane is through
  std::vector<bool> done_;                          // [num_tasks_]
  std::vector<SlotExtent> extents_;
  std::vector<RequestRows> request_rows_;
};

}  // namespace braid
