#include "parallel/check_sequence.h"

#include "parallel/check_edges.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace braid {
namespace {

/// What one half of a layer has done of its ring and its exchange.
struct HalfState {
  std::array<std::int32_t, 2> block = {-1, -1};  ///< in the even and the odd visiting buffer
  std::vector<bool> attended;
  std::vector<bool> retained;
  bool has_ring = false;
  bool attended_own = false;    ///< mastered rows to local KV
  bool attended_peers = false;  ///< peers' rows to local KV
  bool queries_out = false;
  bool partials_back = false;
};

class SequenceWalk {
 public:
  explicit SequenceWalk(const Template& tmpl) : tmpl_(tmpl) {}

  Status Visit(std::uint32_t index) {
    const Task& task = tmpl_.tasks[tmpl_.Place(index).task];
    HalfState& half = halves_[static_cast<std::size_t>(task.half)];
    switch (task.kind) {
      case TaskKind::kPackBlock:
        half.has_ring = true;
        half.block = {0, -1};
        half.attended.clear();
        half.retained.clear();
        return {};
      case TaskKind::kRingShift:
        return Shift(index, task, &half);
      case TaskKind::kAttendBlock:
        return Use(index, task.in2, task.part, half, &half.attended);
      case TaskKind::kRetainKv:
        return Use(index, task.in, task.part, half, &half.retained);
      case TaskKind::kAttention:
        half.attended_own |= task.rows == RowSet::kMastered;
        half.attended_peers |= task.rows == RowSet::kPeer;
        return {};
      case TaskKind::kQueryExchange:
        half.queries_out = true;
        half.partials_back = false;
        return {};
      case TaskKind::kPartialExchange:
        if (!half.attended_peers) {
          return Complain(index, "returns partials that nothing computed");
        }
        half.partials_back = true;
        return {};
      case TaskKind::kMergePartials:
        return Merge(index, task, &half);
      default:
        return {};
    }
  }

  /// At the end of a layer nothing may be half done.
  Status Finish() const {
    const auto open = [](const HalfState& half) { return half.has_ring || half.queries_out; };
    if (std::none_of(halves_.begin(), halves_.end(), open)) return {};
    return Internal("rank " + std::to_string(tmpl_.rank) +
                    ": a layer ends before its partials are merged");
  }

 private:
  Status Complain(std::uint32_t index, const std::string& what) const {
    return Internal(DescribeTask(tmpl_, index) + " " + what);
  }

  /// The block that lies in a visiting buffer, -1 for none.
  static std::int32_t BlockIn(const HalfState& half, Buffer buffer) {
    if (buffer == Buffer::kVisitingEven) return half.block[0];
    return buffer == Buffer::kVisitingOdd ? half.block[1] : -1;
  }

  Status Shift(std::uint32_t index, const Task& task, HalfState* half) {
    degree_ = static_cast<std::int32_t>(tmpl_.groups[task.group].size());
    if (BlockIn(*half, task.in) != task.part) {
      return Complain(index, "sends block " + std::to_string(task.part) + ", but block " +
                                 std::to_string(BlockIn(*half, task.in)) + " lies there");
    }
    if (task.part + 1 >= degree_) return Complain(index, "sends a block on that has been around");
    const bool to_other = (task.in == Buffer::kVisitingEven && task.out == Buffer::kVisitingOdd) ||
                          (task.in == Buffer::kVisitingOdd && task.out == Buffer::kVisitingEven);
    if (!to_other) return Complain(index, "receives into no buffer of the ring");
    half->block[task.out == Buffer::kVisitingEven ? 0 : 1] = task.part + 1;
    return {};
  }

  Status Use(std::uint32_t index, Buffer from, std::uint8_t part, const HalfState& half,
             std::vector<bool>* used) {
    if (BlockIn(half, from) != part) {
      return Complain(index, "works on block " + std::to_string(part) + ", but block " +
                                 std::to_string(BlockIn(half, from)) + " lies there");
    }
    if (used->size() <= part) used->resize(part + std::size_t{1}, false);
    if ((*used)[part]) return Complain(index, "works on block " + std::to_string(part) + " twice");
    (*used)[part] = true;
    return {};
  }

  Status Merge(std::uint32_t index, const Task& task, HalfState* half) {
    const auto all = [&](const std::vector<bool>& used) {
      return used.size() == static_cast<std::size_t>(degree_) &&
             std::all_of(used.begin(), used.end(), [](bool block) { return block; });
    };
    if (half->has_ring && !all(half->attended)) {
      return Complain(index, "merges before every block was attended to");
    }
    if (half->has_ring && !all(half->retained)) {
      return Complain(index, "merges before every block could leave what stays");
    }
    if (half->queries_out != half->partials_back) {
      return Complain(index, "merges before the peers' partials are back");
    }
    if (half->queries_out && !half->attended_own) {
      return Complain(index, "merges before own rows were attended for");
    }
    if (half->queries_out != (task.in2 == Buffer::kPeerPartials)) {
      return Complain(index, "does not merge exactly what came back");
    }
    *half = {};
    return {};
  }

  const Template& tmpl_;
  std::int32_t degree_ = 0;
  std::array<HalfState, 3> halves_;  // by Half
};

}  // namespace

Status CheckSequence(const Template& tmpl) {
  SequenceWalk walk(tmpl);
  std::int32_t layer = -1;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    if (place.layer != layer) RETURN_IF_ERROR(walk.Finish());
    layer = place.layer;
    RETURN_IF_ERROR(walk.Visit(i));
  }
  return walk.Finish();
}

Status CheckCuts(const Template& tmpl) {
  for (std::size_t t = 0; t < tmpl.tasks.size(); ++t) {
    const Task& task = tmpl.tasks[t];
    if (task.kind != TaskKind::kMatMul) continue;
    const std::string where = "rank " + std::to_string(tmpl.rank) + ", task " + std::to_string(t) +
                              " (product of " + std::string(WeightName(task.weight)) + ")";
    if (task.num_parts < 1 || task.part >= task.num_parts) {
      return Internal(where + " is piece " + std::to_string(task.part) + " of " +
                      std::to_string(task.num_parts));
    }
    if (task.num_parts > tmpl.widths[static_cast<std::size_t>(task.out)]) {
      return Internal(where + " is cut into more pieces than it has columns");
    }
    const auto is_piece = [&](const Task& other, int part) {
      return other.kind == task.kind && other.weight == task.weight && other.half == task.half &&
             other.num_parts == task.num_parts && other.part == part;
    };
    if (task.part > 0 && (t == 0 || !is_piece(tmpl.tasks[t - 1], task.part - 1))) {
      return Internal(where + " lacks the piece before it");
    }
    const bool last = task.part + 1 == task.num_parts;
    if (!last && (t + 1 == tmpl.tasks.size() || !is_piece(tmpl.tasks[t + 1], task.part + 1))) {
      return Internal(where + " lacks the piece after it");
    }
  }
  return {};
}

}  // namespace braid
