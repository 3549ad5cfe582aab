#include "planner/sim/clock/list_lanes.h"

#include <algorithm>
#include <string>

namespace braid {

ListLanes::ListLanes(const Discipline& discipline, const ContentionMatrix& contention)
    : run_(contention),
      quantum_units_(discipline.quantum_ns * LanePair::kUnitsPerNs),
      split_network_(discipline.split_network),
      slots_(discipline.kind == DisciplineKind::kSequential
                 ? 1
                 : static_cast<std::size_t>(discipline.depth)) {}

Status ListLanes::Run(std::span<const StrandStart> strands, const ClockOptions& options,
                      ClockResult* result) {
  run_.Start(strands, options, result);
  order_.clear();
  free_.clear();
  for (std::size_t i = slots_.size(); i > 0; --i) free_.push_back(static_cast<std::int32_t>(i - 1));
  waiting_since_ns_ = {-1, -1};
  SetTimer(-1);
  return Simulate();
}

Status ListLanes::Simulate() {
  LanePair& lanes = run_.lanes();
  std::int64_t now = 0;
  while (true) {
    const std::int64_t next = std::min({lanes[0].stop_ns, lanes[1].stop_ns, timer_ns_});
    if (next == LanePair::kNever) break;
    if (next > run_.stop_ns()) {
      now = run_.stop_ns();
      for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
        if (lanes.idle(lane)) continue;
        run_.BreakOff(lane, slots_[static_cast<std::size_t>(lanes[lane].owner)].strand, now);
      }
      break;
    }
    if (!run_.traces()) {
      const std::size_t first = lanes[0].stop_ns <= lanes[1].stop_ns ? 0 : 1;
      if (lanes[first].stop_ns == next && RunAhead(first)) continue;
    }
    now = next;
    if (lanes[0].stop_ns == now) StopPiece(0, now);
    if (lanes[1].stop_ns == now) StopPiece(1, now);
    if (timer_ns_ == now) RETURN_IF_ERROR(FillSlots(now));
    Assign(now);
  }
  run_.End(now);
  return {};
}

// Goes on with the strand on the lane while nothing else can happen: it has its next task ready, no
// one before it wants the lane, and what it ends makes no task ready on the other. Most tasks end
// so. False if that held for no task.
bool ListLanes::RunAhead(std::size_t lane) {
  LanePair& lanes = run_.lanes();
  const LanePair::Piece& piece = lanes[lane];
  if (piece.after_units > 0) return false;
  Slot& slot = slots_[static_cast<std::size_t>(piece.owner)];
  for (const std::int32_t index : order_) {
    if (index == piece.owner) break;
    if (Ready(slots_[static_cast<std::size_t>(index)], lane, piece.stop_ns)) return false;
  }
  const LanePair::Piece& other = lanes[1 - lane];
  const std::uint32_t other_ended = slot.ended[1 - lane];
  const std::uint32_t other_need = slot.tasks[1 - lane][other_ended].need;
  const bool may_cut = lane == 0 || split_network_;
  const LaneTask* const first = slot.tasks[lane] + slot.ended[lane];
  const LaneTask* task = first;
  std::uint32_t ended = slot.ended[lane];
  std::int64_t units = 0;
  const std::int64_t start_ns = piece.start_ns;
  while (piece.stop_ns < other.stop_ns && piece.stop_ns < timer_ns_ &&
         piece.stop_ns <= run_.stop_ns() && task[1].need <= other_ended &&
         ended + 1 != other_need) {
    units += piece.units;
    ++task;
    ++ended;
    lanes.Follow(lane, *task, task->cuttable && may_cut);
  }
  if (task == first) return false;
  slot.ended[lane] = ended;
  slot.left_units[lane] = 0;
  run_.Book(lane, slot.strand, piece.start_ns - start_ns, units);
  return true;
}

// Lets strands in while there is room.
Status ListLanes::FillSlots(std::int64_t now_ns) {
  while (!free_.empty() && run_.next_arrival_ns() <= now_ns) {
    const std::int32_t index = free_.back();
    Slot& slot = slots_[static_cast<std::size_t>(index)];
    slot.strand = run_.Admit(now_ns);
    const StrandStart& start = run_.start(slot.strand);
    const Status unrolled = slot.unrolled.Unroll(*start.tmpl, start.sizes);
    if (!unrolled.ok()) return unrolled.WithContext("strand " + std::to_string(slot.strand));
    slot.priority = start.priority;
    slot.repeats_left = start.repeats;
    for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
      slot.tasks[lane] = slot.unrolled.lane(static_cast<Lane>(lane));
      slot.num_tasks[lane] = slot.unrolled.num_tasks(static_cast<Lane>(lane));
    }
    const auto behind = [&](std::int32_t other) {
      const Slot& them = slots_[static_cast<std::size_t>(other)];
      return them.priority != slot.priority ? them.priority < slot.priority
                                            : them.strand > slot.strand;
    };
    const auto place = std::find_if(order_.begin(), order_.end(), behind);
    if (place == order_.begin()) waiting_since_ns_ = {-1, -1};  // another primary
    order_.insert(place, index);
    free_.pop_back();
    BeginRepeat(slot, now_ns);
  }
  SetTimer(now_ns);
  return {};
}

void ListLanes::BeginRepeat(Slot& slot, std::int64_t now_ns) {
  slot.ended = {};
  slot.left_units = {};
  slot.ready_ns = now_ns + run_.start(slot.strand).tmpl->overhead_ns;
}

// The next moment at which something happens that is no end of a piece.
void ListLanes::SetTimer(std::int64_t now_ns) {
  timer_ns_ = free_.empty() ? LanePair::kNever : std::max(run_.next_arrival_ns(), now_ns);
  for (const std::int32_t index : order_) {
    const std::int64_t ready_ns = slots_[static_cast<std::size_t>(index)].ready_ns;
    if (ready_ns > now_ns) timer_ns_ = std::min(timer_ns_, ready_ns);
  }
}

void ListLanes::StopPiece(std::size_t lane, std::int64_t now_ns) {
  const LanePair::Piece& piece = run_.lanes()[lane];
  const std::int32_t index = piece.owner;
  Slot& slot = slots_[static_cast<std::size_t>(index)];
  const bool last = piece.after_units == 0;
  slot.left_units[lane] = piece.after_units;
  run_.Stop(lane, {slot.strand, slot.tasks[lane][slot.ended[lane]].unrolled, last}, now_ns);
  if (!last) return;
  if (++slot.ended[lane] == slot.num_tasks[lane] &&
      slot.ended[1 - lane] == slot.num_tasks[1 - lane]) {
    EndRepeat(index, now_ns);
  }
}

void ListLanes::EndRepeat(std::int32_t slot_index, std::int64_t now_ns) {
  Slot& slot = slots_[static_cast<std::size_t>(slot_index)];
  ++run_.row(slot.strand).completed;
  if (--slot.repeats_left > 0) {
    BeginRepeat(slot, now_ns);
  } else {
    run_.row(slot.strand).end_ns = now_ns;
    if (order_.front() == slot_index) waiting_since_ns_ = {-1, -1};
    order_.erase(std::find(order_.begin(), order_.end(), slot_index));
    free_.push_back(slot_index);
  }
  SetTimer(now_ns);
}

void ListLanes::Assign(std::int64_t now_ns) {
  if (order_.empty()) return;
  GiveLane(0, now_ns);
  GiveLane(1, now_ns);
  NoteWaiting(now_ns);
  run_.lanes().Retime(now_ns);
}

// Gives the lane to the first strand with a ready task, or asks who holds it to yield to that one.
void ListLanes::GiveLane(std::size_t lane, std::int64_t now_ns) {
  LanePair& lanes = run_.lanes();
  const std::int32_t holder = lanes[lane].owner;
  for (const std::int32_t index : order_) {
    if (index == holder) return;
    if (!Ready(slots_[static_cast<std::size_t>(index)], lane, now_ns)) continue;
    if (holder >= 0) {
      if (!lanes.Cut(lane, quantum_units_, now_ns)) return;
      StopPiece(lane, now_ns);
    }
    BeginPiece(lane, index, now_ns);
    return;
  }
}

void ListLanes::BeginPiece(std::size_t lane, std::int32_t slot_index, std::int64_t now_ns) {
  Slot& slot = slots_[static_cast<std::size_t>(slot_index)];
  const LaneTask& task = slot.tasks[lane][slot.ended[lane]];
  const bool may_cut = task.cuttable && (lane == 0 || split_network_);
  const std::int64_t units =
      slot.left_units[lane] > 0 ? slot.left_units[lane] : task.work_ns * LanePair::kUnitsPerNs;
  if (slot_index == order_.front() && waiting_since_ns_[lane] >= 0) {
    run_.row(slot.strand).delay_ns += now_ns - waiting_since_ns_[lane];
    waiting_since_ns_[lane] = -1;
  }
  run_.lanes().Begin(
      lane, {.owner = slot_index, .work = task.work, .cuttable = may_cut, .units = units}, now_ns);
}

// The primary waits where a task of it is ready and another strand holds the lane.
void ListLanes::NoteWaiting(std::int64_t now_ns) {
  const Slot& primary = slots_[static_cast<std::size_t>(order_.front())];
  for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
    const std::int32_t holder = run_.lanes()[lane].owner;
    if (holder < 0 || holder == order_.front() || waiting_since_ns_[lane] >= 0) continue;
    if (Ready(primary, lane, now_ns)) waiting_since_ns_[lane] = now_ns;
  }
}

}  // namespace braid
