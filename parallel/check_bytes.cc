#include "parallel/check.h"
#include "parallel/check_communication.h"
#include "parallel/check_edges.h"
#include "parallel/payload.h"

#include <algorithm>
#include <string>
#include <vector>

namespace braid {
namespace {

Status CheckRows(const Bindings& bindings, std::size_t place) {
  if (bindings.halves.empty()) return {};
  const std::string where = "instance at place " + std::to_string(place) + ": ";
  std::int32_t next = 0;
  for (const BoundHalf& half : bindings.halves) {
    if (half.rows.begin != next || half.rows.end < next || half.num_striped > half.rows.size()) {
      return Internal(where + "halves leave rows out or share some");
    }
    next = half.rows.end;
    std::int32_t packed = 0;
    for (const PackRun& run : half.packed) packed += run.count;
    if (!half.block_tokens.empty() && packed != half.block_tokens[0]) {
      return Internal(where + "packs " + std::to_string(packed) + " of " +
                      std::to_string(half.block_tokens[0]) + " tokens of its own block");
    }
    for (const RetainRun& run : half.retained) {
      const auto step = static_cast<std::size_t>(run.ring_step);
      if (run.first_row + run.count <= half.block_tokens[step]) continue;
      return Internal(where + "retains rows that the block of ring step " +
                      std::to_string(run.ring_step) + " does not have");
    }
  }
  if (next == bindings.num_rows()) return {};
  return Internal(where + "halves have " + std::to_string(next) + " of " +
                  std::to_string(bindings.num_rows()) + " rows");
}

/// All instances together keep each new token of a striped request exactly once.
Status CheckRetention(std::span<const Bindings> bindings) {
  std::int64_t striped = 0;
  std::int64_t retained = 0;
  for (const Bindings& bound : bindings) {
    for (const BoundHalf& half : bound.halves) {
      striped += half.num_striped;
      for (const RetainRun& run : half.retained) retained += run.count;
    }
  }
  if (striped == retained) return {};
  return Internal("of " + std::to_string(striped) + " new tokens that circulate, " +
                  std::to_string(retained) + " are retained");
}

/// All that a layer's sizes can tell apart.
Template OneLayer(const Template& tmpl) {
  Template shorter = tmpl;
  shorter.layers.end = std::min(tmpl.layers.end, tmpl.layers.begin + 1);
  return shorter;
}

struct Side {
  const Template* tmpl = nullptr;
  const Bindings* bindings = nullptr;
  std::vector<Communication> communications;  ///< by operation
};

const Communication* Find(const Side& side, std::uint32_t operation) {
  const auto at = std::lower_bound(
      side.communications.begin(), side.communications.end(), operation,
      [](const Communication& c, std::uint32_t wanted) { return c.operation < wanted; });
  if (at == side.communications.end() || at->operation != operation) return nullptr;
  return &*at;
}

Status CheckPair(const Side& mine, const Communication& c, const Side& theirs, std::size_t member) {
  const Communication* other = Find(theirs, c.operation);
  if (other == nullptr) {
    return Internal(DescribeTask(*mine.tmpl, c.index) + " has no counterpart on rank " +
                    std::to_string(theirs.tmpl->rank));
  }
  const auto self = static_cast<std::size_t>(
      std::find(other->members.begin(), other->members.end(), mine.tmpl->rank) -
      other->members.begin());
  const std::int64_t sent = BytesToMember(*mine.tmpl, c.task, *mine.bindings, member);
  const std::int64_t expected = BytesFromMember(*theirs.tmpl, other->task, *theirs.bindings, self);
  if (sent == expected) return {};
  return Internal(DescribeTask(*mine.tmpl, c.index) + " sends " + std::to_string(sent) +
                  " bytes to rank " + std::to_string(theirs.tmpl->rank) + ", which expects " +
                  std::to_string(expected));
}

}  // namespace

Status CheckGroupBytes(std::span<const Template> templates, std::span<const Bindings> bindings) {
  if (bindings.empty() || templates.size() % bindings.size() != 0) {
    return Internal(std::to_string(templates.size()) + " ranks are no group of " +
                    std::to_string(bindings.size()) + " instances");
  }
  for (std::size_t i = 0; i < bindings.size(); ++i) RETURN_IF_ERROR(CheckRows(bindings[i], i));
  RETURN_IF_ERROR(CheckRetention(bindings));
  const std::size_t ranks_per_instance = templates.size() / bindings.size();
  std::vector<Template> layers;
  layers.reserve(templates.size());
  std::vector<Side> sides;
  for (std::size_t rank = 0; rank < templates.size(); ++rank) {
    layers.push_back(OneLayer(templates[rank]));
    Side side = {&layers[rank], &bindings[rank / ranks_per_instance], Communications(layers[rank])};
    std::sort(
        side.communications.begin(), side.communications.end(),
        [](const Communication& a, const Communication& b) { return a.operation < b.operation; });
    sides.push_back(std::move(side));
  }
  for (const Side& side : sides) {
    for (const Communication& c : side.communications) {
      for (std::size_t member = 0; member < c.members.size(); ++member) {
        if (c.members[member] == side.tmpl->rank) continue;
        RETURN_IF_ERROR(
            CheckPair(side, c, sides[static_cast<std::size_t>(c.members[member])], member));
      }
    }
  }
  return {};
}

}  // namespace braid
