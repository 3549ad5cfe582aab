#include "planner/sim/clock/round_lanes.h"

#include <algorithm>
#include <string>

namespace braid {

RoundLanes::RoundLanes(const Discipline& discipline, const ContentionMatrix& contention)
    : run_(contention),
      discipline_(discipline),
      slots_(static_cast<std::size_t>(discipline.depth)) {}

Status RoundLanes::Run(std::span<const StrandStart> strands, const ClockOptions& options,
                       ClockResult* result) {
  run_.Start(strands, options, result);
  order_.clear();
  free_.clear();
  for (std::size_t i = slots_.size(); i > 0; --i) free_.push_back(static_cast<std::int32_t>(i - 1));
  primary_ = {};
  secondary_ = {};
  waiting_since_ns_ = -1;
  timer_ns_ = run_.next_arrival_ns();
  return Simulate();
}

Status RoundLanes::Simulate() {
  LanePair& lanes = run_.lanes();
  std::int64_t now = 0;
  while (true) {
    const std::int64_t next = std::min({lanes[0].stop_ns, lanes[1].stop_ns, timer_ns_});
    if (next == LanePair::kNever) break;
    if (next > run_.stop_ns()) {
      now = run_.stop_ns();
      for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
        if (!lanes.idle(lane)) run_.BreakOff(lane, slot(lanes[lane].owner).strand, now);
      }
      break;
    }
    now = next;
    if (lanes[0].stop_ns == now) StopPiece(0, now);
    if (lanes[1].stop_ns == now) StopPiece(1, now);
    timer_ns_ = LanePair::kNever;
    if (primary_.drained()) RETURN_IF_ERROR(BeginRound(now));
    Assign(now);
  }
  run_.End(now);
  return {};
}

Status RoundLanes::Refill(std::int64_t now_ns) {
  while (!free_.empty() && run_.next_arrival_ns() <= now_ns) {
    const std::int32_t index = free_.back();
    Slot& mine = slot(index);
    mine.strand = run_.Admit(now_ns);
    RETURN_IF_ERROR(Enter(mine, now_ns));
    const auto behind = [&](std::int32_t other) {
      const Slot& them = slot(other);
      return them.priority != mine.priority ? them.priority < mine.priority
                                            : them.strand > mine.strand;
    };
    order_.insert(std::find_if(order_.begin(), order_.end(), behind), index);
    free_.pop_back();
  }
  return {};
}

Status RoundLanes::Enter(Slot& mine, std::int64_t now_ns) {
  const StrandStart& start = run_.start(mine.strand);
  const Status unrolled = unrolled_.Unroll(*start.tmpl, start.sizes);
  if (!unrolled.ok()) return unrolled.WithContext("strand " + std::to_string(mine.strand));
  mine.priority = start.priority;
  mine.outstanding = 0;  // a run that was broken off leaves pieces behind
  mine.secondary = 0;
  mine.repeats_left = start.repeats;
  mine.chain.resize(unrolled_.num_tasks(Lane::kCompute) + unrolled_.num_tasks(Lane::kNetwork));
  for (const Lane lane : {Lane::kCompute, Lane::kNetwork}) {
    for (std::uint32_t i = 0; i < unrolled_.num_tasks(lane); ++i) {
      const LaneTask& task = unrolled_.lane(lane)[i];
      mine.chain[task.unrolled] = {task, lane};
    }
  }
  BeginRepeat(mine, now_ns);
  return {};
}

void RoundLanes::BeginRepeat(Slot& mine, std::int64_t now_ns) {
  mine.next = 0;
  mine.parts_left = discipline_.decomposition;
  mine.ready_ns = now_ns + run_.start(mine.strand).tmpl->overhead_ns;
}

void RoundLanes::Stream::DropEnded() {
  const std::size_t ended = running ? begun - 1 : begun;
  pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(ended));
  begun -= ended;
}

void RoundLanes::StopPiece(std::size_t lane, std::int64_t now_ns) {
  const std::int32_t index = run_.lanes()[lane].owner;
  Slot& mine = slot(index);
  Stream& stream = *on_lane_[lane];
  const RoundPiece& piece = stream.pieces[stream.begun - 1];
  stream.running = false;
  if (&stream == &secondary_) --mine.secondary;
  run_.Stop(lane, {mine.strand, mine.chain[piece.task].task.unrolled, piece.last}, now_ns);
  if (--mine.outstanding == 0 && mine.next == mine.chain.size()) EndRepeat(index, now_ns);
}

void RoundLanes::EndRepeat(std::int32_t slot_index, std::int64_t now_ns) {
  Slot& mine = slot(slot_index);
  ++run_.row(mine.strand).completed;
  if (--mine.repeats_left > 0) {
    BeginRepeat(mine, now_ns);
    return;
  }
  run_.row(mine.strand).end_ns = now_ns;
  order_.erase(std::find(order_.begin(), order_.end(), slot_index));
  free_.push_back(slot_index);
}

// The run of the primary and the secondary subset that fills its window.
Status RoundLanes::BeginRound(std::int64_t now_ns) {
  RETURN_IF_ERROR(Refill(now_ns));
  primary_.DropEnded();
  secondary_.DropEnded();
  for (const std::int32_t index : order_) {
    Slot& mine = slot(index);
    if (mine.next == mine.chain.size() || mine.ready_ns > now_ns) continue;
    const Lane lane = mine.chain[mine.next].lane;
    while (mine.next < mine.chain.size() && mine.chain[mine.next].lane == lane) {
      Enqueue(primary_, index, mine.parts_left);
    }
    FillWindow(index, lane == Lane::kCompute ? Lane::kNetwork : Lane::kCompute, now_ns);
    return {};
  }
  SetTimer(now_ns);
  return {};
}

// No strand can go on: waits for an arrival or the end of an overhead.
void RoundLanes::SetTimer(std::int64_t now_ns) {
  if (!free_.empty()) timer_ns_ = run_.next_arrival_ns();
  for (const std::int32_t index : order_) {
    if (slot(index).ready_ns > now_ns) timer_ns_ = std::min(timer_ns_, slot(index).ready_ns);
  }
}

void RoundLanes::FillWindow(std::int32_t primary, Lane lane, std::int64_t now_ns) {
  std::int64_t window_units = 0;
  std::array<bool, kNumWorkClasses> beside = {};
  for (const RoundPiece& piece : primary_.pieces) {
    window_units += piece.units;
    beside[static_cast<std::size_t>(slot(primary).chain[piece.task].task.work)] = true;
  }
  for (const std::int32_t index : order_) {
    Slot& mine = slot(index);
    if (index == primary || mine.ready_ns > now_ns) continue;
    while (window_units > 0 && mine.next < mine.chain.size() &&
           mine.chain[mine.next].lane == lane) {
      if (!Admit(index, beside, &window_units)) return;
    }
  }
}

// Puts the strand's next task, or as much of it as fits, into the secondary stream. False where the
// window is closed.
bool RoundLanes::Admit(std::int32_t slot_index, const std::array<bool, kNumWorkClasses>& beside,
                       std::int64_t* window_units) {
  Slot& mine = slot(slot_index);
  const ChainTask& next = mine.chain[mine.next];
  std::int64_t stretch = ContentionMatrix::kOne;
  for (std::size_t other = 0; other < kNumWorkClasses; ++other) {
    if (!beside[other]) continue;
    stretch = std::max(stretch, run_.lanes().Factor(next.task.work, static_cast<WorkClass>(other)));
  }
  const auto stretched = [&](std::int64_t parts) {
    return Units(mine, parts) / ContentionMatrix::kOne * stretch;
  };
  const bool network = next.lane == Lane::kNetwork;
  std::int64_t parts = mine.parts_left;
  if (network && discipline_.admit_any_network) {
    Enqueue(secondary_, slot_index, parts);
    return false;
  }
  const bool may_cut = next.task.cuttable &&
                       (network ? discipline_.split_network : next.task.work == WorkClass::kMatMul);
  while (parts > 0 && stretched(parts) > *window_units) parts = may_cut ? parts - 1 : 0;
  if (parts == 0) return false;
  *window_units -= stretched(parts);
  Enqueue(secondary_, slot_index, parts);
  return true;
}

// Work of the first `parts` parts that are left of the strand's next task.
std::int64_t RoundLanes::Units(const Slot& mine, std::int64_t parts) const {
  const std::int64_t whole = mine.chain[mine.next].task.work_ns * LanePair::kUnitsPerNs;
  return whole / discipline_.decomposition * parts +
         (parts == mine.parts_left ? whole % discipline_.decomposition : 0);
}

void RoundLanes::Enqueue(Stream& stream, std::int32_t slot_index, std::int64_t parts) {
  Slot& mine = slot(slot_index);
  const bool last = parts == mine.parts_left;
  stream.pieces.push_back({slot_index, mine.next, Units(mine, parts), last});
  ++mine.outstanding;
  if (&stream == &secondary_) ++mine.secondary;
  mine.parts_left -= parts;
  if (!last) return;
  ++mine.next;
  mine.parts_left = discipline_.decomposition;
}

void RoundLanes::TryBegin(Stream& stream, std::int64_t now_ns) {
  if (stream.running || stream.begun == stream.pieces.size()) return;
  const RoundPiece& piece = stream.pieces[stream.begun];
  Slot& mine = slot(piece.slot);
  const bool primary = &stream == &primary_;
  if (primary && mine.secondary > 0) return;  // its own tasks of earlier rounds
  const ChainTask& next = mine.chain[piece.task];
  const auto lane = static_cast<std::size_t>(next.lane);
  if (!run_.lanes().idle(lane)) {
    if (primary && waiting_since_ns_ < 0) waiting_since_ns_ = now_ns;
    return;
  }
  if (primary && waiting_since_ns_ >= 0) {
    run_.row(mine.strand).delay_ns += now_ns - waiting_since_ns_;
    waiting_since_ns_ = -1;
  }
  run_.lanes().Begin(lane, {.owner = piece.slot, .work = next.task.work, .units = piece.units},
                     now_ns);
  on_lane_[lane] = &stream;
  stream.running = true;
  ++stream.begun;
}

void RoundLanes::Assign(std::int64_t now_ns) {
  TryBegin(primary_, now_ns);
  TryBegin(secondary_, now_ns);
  run_.lanes().Retime(now_ns);
}

}  // namespace braid
