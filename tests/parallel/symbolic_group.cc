#include "tests/parallel/symbolic_group.h"

#include <algorithm>
#include <stdexcept>

namespace braid {
namespace {

std::string Name(const Tag& tag) {
  return "request " + std::to_string(tag.request) + " position " + std::to_string(tag.position);
}

std::size_t HalfIndex(const Task& task) { return task.half == Half::kSecond ? 1 : 0; }

std::size_t Parity(Buffer buffer) { return buffer == Buffer::kVisitingEven ? 0 : 1; }

}  // namespace

SymbolicGroup::SymbolicGroup(const Step& step, std::span<const Template> templates,
                             std::span<const Bindings> bindings)
    : step_(step), templates_(templates), bindings_(bindings), ranks_(templates.size()) {
  std::map<std::int32_t, Tag> by_token;
  for (const StepRequest& request : step.requests) {
    for (std::size_t i = 0; i < request.tokens.size(); ++i) {
      by_token[request.tokens[i]] = {request.id,
                                     request.first_position + static_cast<std::int32_t>(i)};
    }
  }
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Rank& rank = ranks_[r];
    for (const std::int32_t token : bindings[r].tokens) rank.rows.push_back(by_token[token]);
    rank.pool.resize(static_cast<std::size_t>(templates[r].layers.end));
    for (auto& pool : rank.pool) {
      for (const StepRequest& request : step.requests) {
        std::int32_t position = 0;
        for (const KvExtent& extent : request.kv) {
          for (std::int32_t i = 0; i < extent.count; ++i, ++position) {
            if (position >= request.first_position) break;
            if (extent.instance != step.instances[r]) continue;
            pool[extent.first_slot + i] = {request.id, position};
          }
        }
      }
      for (const KvMove& move : step.moves) {
        if (move.from.instance != step.instances[r]) continue;
        for (std::int32_t i = 0; i < move.from.count; ++i) {
          pool[move.from.first_slot + i] = {move.request, i};
        }
      }
    }
  }
}

const Task& SymbolicGroup::TaskOf(std::size_t rank) const {
  const Template& tmpl = templates_[rank];
  return tmpl.tasks[tmpl.Place(ranks_[rank].next).task];
}

std::size_t SymbolicGroup::LayerOf(std::size_t rank) const {
  return static_cast<std::size_t>(templates_[rank].Place(ranks_[rank].next).layer);
}

const BoundHalf& SymbolicGroup::HalfOf(std::size_t rank, const Task& task) const {
  return bindings_[rank].halves[HalfIndex(task)];
}

bool SymbolicGroup::AllStandAt(std::size_t rank) const {
  const Template& mine = templates_[rank];
  const std::uint32_t operation = mine.Operation(mine.Place(ranks_[rank].next));
  for (const std::int32_t member : mine.groups[TaskOf(rank).group]) {
    const auto m = static_cast<std::size_t>(member);
    if (ranks_[m].next == templates_[m].num_tasks()) return false;
    if (!IsCommunication(TaskOf(m).kind)) return false;
    if (templates_[m].Operation(templates_[m].Place(ranks_[m].next)) != operation) return false;
  }
  return true;
}

Status SymbolicGroup::Run() {
  try {
    return RunAll();
  } catch (const std::out_of_range&) {
    return Internal("something points at a row, slot or block that is not there");
  }
}

Status SymbolicGroup::RunAll() {
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      while (ranks_[r].next < templates_[r].num_tasks()) {
        if (!IsCommunication(TaskOf(r).kind)) {
          RETURN_IF_ERROR(Compute(r));
          ++ranks_[r].next;
        } else if (AllStandAt(r)) {
          const std::vector<std::int32_t> members = templates_[r].groups[TaskOf(r).group];
          RETURN_IF_ERROR(Communicate(r));
          for (const std::int32_t member : members) ++ranks_[static_cast<std::size_t>(member)].next;
        } else {
          break;
        }
        moved = true;
      }
    }
  }
  return CheckEnd();
}

Status SymbolicGroup::Compute(std::size_t rank) {
  const Task& task = TaskOf(rank);
  switch (task.kind) {
    case TaskKind::kPackBlock:
      return Pack(rank, task);
    case TaskKind::kRetainKv:
      return Retain(rank, task);
    case TaskKind::kAttendBlock:
      return AttendBlock(rank, task);
    case TaskKind::kStoreKv:
      return Store(rank, task);
    case TaskKind::kAttention:
      RETURN_IF_ERROR(task.rows == RowSet::kPeer ? AttendPeers(rank, task)
                                                 : AttendLocal(rank, task));
      return task.out == Buffer::kAttended ? CheckSeen(rank, task) : Status();
    case TaskKind::kMergePartials:
      return CheckSeen(rank, task);
    default:
      return {};
  }
}

Status SymbolicGroup::Communicate(std::size_t rank) {
  const Task task = TaskOf(rank);
  const std::vector<std::int32_t>& members = templates_[rank].groups[task.group];
  const std::size_t h = HalfIndex(task);
  if (task.kind == TaskKind::kRingShift) {
    std::vector<std::vector<Tag>> blocks;
    for (const std::int32_t m : members) {
      Rank& sender = ranks_[static_cast<std::size_t>(m)];
      blocks.push_back(sender.visiting[h][Parity(task.in)]);
      sender.traffic.ring_tokens += static_cast<std::int64_t>(blocks.back().size());
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto next = static_cast<std::size_t>(members[(i + 1) % members.size()]);
      ranks_[next].visiting[h][Parity(task.out)] = blocks[i];
    }
    return {};
  }
  if (task.kind == TaskKind::kQueryExchange) {
    for (const std::int32_t m : members) ranks_[static_cast<std::size_t>(m)].peer_rows[h].clear();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto from = static_cast<std::size_t>(members[i]);
      for (const QueryRun& run : HalfOf(from, task).queries) {
        Rank& to = ranks_[static_cast<std::size_t>(members[static_cast<std::size_t>(run.peer)])];
        for (std::int32_t k = 0; k < run.count; ++k) {
          const std::int32_t row = run.first_row + k;
          to.peer_rows[h].push_back(
              {from, row, ranks_[from].rows[static_cast<std::size_t>(row)], {}});
          ++ranks_[from].traffic.query_rows;
        }
      }
    }
    return {};
  }
  if (task.kind == TaskKind::kPartialExchange) {
    for (const std::int32_t m : members) {
      Rank& peer = ranks_[static_cast<std::size_t>(m)];
      for (const PeerRow& row : peer.peer_rows[h]) {
        ranks_[row.master].seen[row.row].insert(row.seen.begin(), row.seen.end());
        ++peer.traffic.partial_rows;
      }
    }
    return {};
  }
  if (task.kind == TaskKind::kSendKv || task.kind == TaskKind::kReceiveKv) {
    const auto from = static_cast<std::size_t>(members[0]);
    const auto to = static_cast<std::size_t>(members[1]);
    std::vector<Tag> carried;
    for (const MoveRun& run : bindings_[from].moves) {
      if (run.peer != members[1]) continue;
      for (std::int32_t i = 0; i < run.count; ++i) {
        carried.push_back(ranks_[from].pool[LayerOf(from)].at(run.first_slot + i));
      }
    }
    ranks_[from].traffic.moved_tokens += static_cast<std::int64_t>(carried.size());
    std::size_t next = 0;
    for (const MoveRun& run : bindings_[to].moves) {
      if (run.peer != members[0]) continue;
      for (std::int32_t i = 0; i < run.count; ++i) {
        if (next == carried.size()) return Internal("more slots than tokens moved");
        ranks_[to].pool[LayerOf(to)][run.first_slot + i] = carried[next++];
      }
    }
    if (next != carried.size()) return Internal("more tokens moved than slots");
  }
  return {};
}

Status SymbolicGroup::Pack(std::size_t rank, const Task& task) {
  std::vector<Tag>& block = ranks_[rank].visiting[HalfIndex(task)][Parity(task.out)];
  block.clear();
  for (const PackRun& run : HalfOf(rank, task).packed) {
    if (run.first_row != static_cast<std::int32_t>(block.size()))
      return Internal("a gap in a block");
    for (std::int32_t i = 0; i < run.count; ++i) {
      if (run.first_slot < 0) {
        block.push_back(ranks_[rank].rows[static_cast<std::size_t>(run.first_own_row + i)]);
        continue;
      }
      const auto& pool = ranks_[rank].pool[LayerOf(rank)];
      const auto at = pool.find(run.first_slot + i);
      if (at == pool.end()) return Internal("packs an empty slot");
      block.push_back(at->second);
    }
  }
  return {};
}

Status SymbolicGroup::Retain(std::size_t rank, const Task& task) {
  const std::vector<Tag>& block = ranks_[rank].visiting[HalfIndex(task)][Parity(task.in)];
  auto& pool = ranks_[rank].pool[LayerOf(rank)];
  for (const RetainRun& run : HalfOf(rank, task).retained) {
    if (run.ring_step != task.part) continue;
    for (std::int32_t i = 0; i < run.count; ++i) {
      const Tag& tag = block.at(static_cast<std::size_t>(run.first_row + i));
      const bool fresh = pool.emplace(run.first_slot + i * run.slot_stride, tag).second;
      if (!fresh) return Internal("keeps " + Name(tag) + " in a slot that is taken");
    }
  }
  return {};
}

Status SymbolicGroup::AttendBlock(std::size_t rank, const Task& task) {
  const BoundHalf& half = HalfOf(rank, task);
  const std::vector<Tag>& block = ranks_[rank].visiting[HalfIndex(task)][Parity(task.in2)];
  for (const BlockRun& run : half.blocks) {
    if (run.ring_step != task.part) continue;
    for (std::int32_t i = 0; i < run.count; ++i) {
      const Tag said = {step_.requests[run.request].id, run.first_position + i * run.stride};
      const Tag& there = block.at(static_cast<std::size_t>(run.first_row + i));
      if (said != there) return Internal(Name(there) + " is said to be " + Name(said));
    }
  }
  for (std::int32_t row = half.rows.begin; row < half.rows.begin + half.num_striped; ++row) {
    const Tag& query = ranks_[rank].rows[static_cast<std::size_t>(row)];
    for (const Tag& key : block) {
      if (key.request == query.request && key.position <= query.position) {
        ranks_[rank].seen[row].insert(key);
      }
    }
  }
  return {};
}

Status SymbolicGroup::Store(std::size_t rank, const Task& task) {
  const BoundHalf& half = HalfOf(rank, task);
  for (std::int32_t row = half.rows.begin + half.num_striped; row < half.rows.end; ++row) {
    const Tag& tag = ranks_[rank].rows[static_cast<std::size_t>(row)];
    const std::int32_t slot = bindings_[rank].kv_slots[static_cast<std::size_t>(row)];
    if (!ranks_[rank].pool[LayerOf(rank)].emplace(slot, tag).second) {
      return Internal("stores " + Name(tag) + " in a slot that is taken");
    }
  }
  return {};
}

std::vector<Tag> SymbolicGroup::LocalTokens(std::size_t rank, const BoundRequest& request) const {
  std::vector<Tag> tokens;
  for (std::uint32_t e = 0; e < request.num_extents; ++e) {
    const BoundExtent& extent = bindings_[rank].extents[request.first_extent + e];
    for (std::int32_t i = 0; i < extent.count; ++i) {
      tokens.push_back(ranks_[rank].pool[LayerOf(rank)].at(extent.first + i));
    }
  }
  return tokens;
}

Status SymbolicGroup::AttendLocal(std::size_t rank, const Task& task) {
  for (const BoundRequest& request : HalfOf(rank, task).mastered) {
    const std::vector<Tag> tokens = LocalTokens(rank, request);
    for (std::int32_t k = 0; k < request.num_rows; ++k) {
      const std::size_t visible =
          tokens.size() - static_cast<std::size_t>(request.num_rows - 1 - k);
      for (std::size_t i = 0; i < visible; ++i) {
        ranks_[rank].seen[request.first_row + k].insert(tokens[i]);
      }
    }
  }
  return {};
}

Status SymbolicGroup::AttendPeers(std::size_t rank, const Task& task) {
  std::vector<PeerRow>& rows = ranks_[rank].peer_rows[HalfIndex(task)];
  std::size_t described = 0;
  for (const BoundRequest& request : HalfOf(rank, task).peers) {
    const std::vector<Tag> tokens = LocalTokens(rank, request);
    for (std::int32_t k = 0; k < request.num_rows; ++k, ++described) {
      PeerRow& row = rows.at(static_cast<std::size_t>(request.first_row + k));
      if (row.tag != Tag{request.id, request.first_position + k}) {
        return Internal("the query of " + Name(row.tag) + " came where another was expected");
      }
      row.seen = Seen(tokens.begin(), tokens.end());
    }
  }
  if (described == rows.size()) return {};
  return Internal("queries came that nothing describes");
}

Status SymbolicGroup::CheckSeen(std::size_t rank, const Task& task) {
  const BoundHalf& half = HalfOf(rank, task);
  for (std::int32_t row = half.rows.begin; row < half.rows.end; ++row) {
    const Tag& query = ranks_[rank].rows[static_cast<std::size_t>(row)];
    Seen expected;
    for (std::int32_t p = 0; p <= query.position; ++p) expected.insert({query.request, p});
    if (ranks_[rank].seen[row] != expected) {
      return Internal(Name(query) + " saw " + std::to_string(ranks_[rank].seen[row].size()) +
                      " keys, not each of " + std::to_string(expected.size()) + " once");
    }
    ranks_[rank].seen[row].clear();
  }
  return {};
}

Status SymbolicGroup::CheckEnd() const {
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    if (ranks_[r].next != templates_[r].num_tasks()) return Internal("a rank waits for ever");
  }
  const auto holds = [this](const KvExtent& extent, std::uint64_t request, std::int32_t first) {
    const auto r = static_cast<std::size_t>(step_.RingIndex(extent.instance));
    for (const auto& pool : ranks_[r].pool) {
      for (std::int32_t i = 0; i < extent.count; ++i) {
        const auto at = pool.find(extent.first_slot + i);
        if (at == pool.end() || at->second != Tag{request, first + i}) return false;
      }
    }
    return true;
  };
  for (const StepRequest& request : step_.requests) {
    std::int32_t position = 0;
    for (const KvExtent& extent : request.kv) {
      if (!holds(extent, request.id, position)) return Internal("a token is not where it belongs");
      position += extent.count;
    }
  }
  for (const KvMove& move : step_.moves) {
    if (!holds(move.to, move.request, 0)) return Internal("a moved token did not arrive");
  }
  return {};
}

}  // namespace braid
