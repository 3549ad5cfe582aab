#include "runtime/executor.h"

#include "runtime/task_args.h"

#include <string>
#include <utility>

namespace braid {
namespace {

/// Ranks of one host share this clock, so their traces line up.
std::uint64_t WallNanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

/// The primary first: highest priority, then lowest number.
bool GoesBefore(const Strand& a, const Strand& b) {
  if (a.bindings().priority != b.bindings().priority) {
    return a.bindings().priority > b.bindings().priority;
  }
  return a.bindings().step < b.bindings().step;
}

}  // namespace

Result<std::unique_ptr<Executor>> Executor::Make(const ExecutorParts& parts,
                                                 const ExecutorLimits& limits) {
  std::unique_ptr<Executor> executor(new Executor(parts));
  executor->max_rows_ = limits.max_rows;
  for (std::int32_t s = 0; s < limits.strand_slots; ++s) {
    ASSIGN_OR_RETURN(Activations memory, Activations::Make(limits.widths, limits.max_rows));
    executor->slots_.push_back(std::make_unique<Slot>(std::move(memory)));
    executor->slots_.back()->communication.emplace(*parts.transport, parts.first_rank,
                                                   parts.wait_limit);
  }
  return executor;
}

Status Executor::Start(Program program) {
  const Bindings& bindings = program.bindings;
  const std::string step = "step " + std::to_string(bindings.step);
  if (bindings.slot < 0 || static_cast<std::size_t>(bindings.slot) >= slots_.size()) {
    return InvalidArgument(step + " wants strand slot " + std::to_string(bindings.slot) + " of " +
                           std::to_string(slots_.size()));
  }
  if (bindings.num_rows() > max_rows_) {
    return InvalidArgument(step + " has " + std::to_string(bindings.num_rows()) +
                           " rows; at most " + std::to_string(max_rows_) + " fit");
  }
  Slot& slot = *slots_[static_cast<std::size_t>(bindings.slot)];
  if (bindings.step <= slot.last_number) {
    return InvalidArgument(step + " comes after step " + std::to_string(slot.last_number) +
                           " in its slot");
  }
  slot.last_number = bindings.step;
  ++num_running_;
  if (slot.strand != nullptr) {
    slot.queue.push_back(std::move(program));
  } else {
    Begin(slot, std::move(program));
  }
  return {};
}

void Executor::Begin(Slot& slot, Program program) {
  slot.strand = std::make_unique<Strand>(std::move(program));
  FinishIfDone(slot);  // a program may be empty
}

Result<bool> Executor::Advance() {
  bool progressed = false;
  for (const auto& slot : slots_) {
    if (slot->strand == nullptr) continue;
    ASSIGN_OR_RETURN(const bool moved, AdvanceNetwork(*slot));
    progressed |= moved;
  }
  Slot* slot = PickCompute();
  AccountWaiting(slot == nullptr && num_running_ > 0);
  if (slot != nullptr) {
    RunTile(*slot);
    progressed = true;
  }
  return progressed;
}

Result<bool> Executor::AdvanceNetwork(Slot& slot) {
  bool moved = false;
  if (!slot.communication->active()) {
    const std::optional<std::uint32_t> ready = slot.strand->Ready(Lane::kNetwork);
    if (!ready) return false;
    slot.network_task = *ready;
    if (parts_.trace) slot.network_begin_ns = WallNanoseconds();
    RETURN_IF_ERROR(slot.communication->Start(*slot.strand, slot.strand->tmpl().Place(*ready),
                                              slot.activations));
    moved = true;
  }
  ASSIGN_OR_RETURN(const bool done, slot.communication->Poll());
  if (!done) return moved;
  if (parts_.trace) Record(slot, slot.network_task, slot.network_begin_ns);
  slot.strand->Finish(Lane::kNetwork);
  FinishIfDone(slot);
  return true;
}

Executor::Slot* Executor::PickCompute() {
  Slot* best = nullptr;
  for (const auto& slot : slots_) {
    if (slot->strand == nullptr) continue;
    if (best != nullptr && !GoesBefore(*slot->strand, *best->strand)) continue;
    if (slot->compute || slot->strand->Ready(Lane::kCompute)) best = slot.get();
  }
  return best;
}

void Executor::RunTile(Slot& slot) {
  const auto begin = Clock::now();
  if (!slot.compute) {
    RunningCompute compute;
    compute.task = *slot.strand->Ready(Lane::kCompute);
    compute.args = MakeOperatorArgs(*slot.strand, slot.strand->tmpl().Place(compute.task),
                                    *parts_.parameters, slot.activations, *parts_.kv);
    compute.num_tiles = parts_.operators->NumTiles(compute.args);
    if (parts_.trace) compute.begin_ns = WallNanoseconds();
    slot.compute = std::move(compute);
  }
  RunningCompute& compute = *slot.compute;
  parts_.operators->RunTile(compute.args, compute.next_tile);
  ++compute.next_tile;
  compute_time_ += Clock::now() - begin;
  if (compute.next_tile < compute.num_tiles) return;
  if (parts_.trace) Record(slot, compute.task, compute.begin_ns);
  slot.compute.reset();
  slot.strand->Finish(Lane::kCompute);
  FinishIfDone(slot);
}

void Executor::FinishIfDone(Slot& slot) {
  if (!slot.strand->finished()) return;
  FinishedStep finished;
  finished.number = slot.strand->bindings().step;
  const Template& tmpl = slot.strand->tmpl();
  for (const Buffer buffer : {Buffer::kGatheredLogits, Buffer::kLogits}) {
    if (!tmpl.sampled || tmpl.rank != 0 || tmpl.widths[static_cast<std::size_t>(buffer)] == 0) {
      continue;
    }
    finished.logits = slot.activations.View(buffer, slot.strand->bindings().Rows(RowSet::kSampled));
    break;
  }
  finished_.push_back(finished);
  slot.strand.reset();
  --num_running_;
  if (slot.queue.empty()) return;
  Program next = std::move(slot.queue.front());
  slot.queue.pop_front();
  Begin(slot, std::move(next));
}

std::optional<FinishedStep> Executor::TakeFinished() {
  if (finished_.empty()) return std::nullopt;
  const FinishedStep first = finished_.front();
  finished_.erase(finished_.begin());
  return first;
}

void Executor::AccountWaiting(bool waiting) {
  if (waiting == waiting_since_.has_value()) return;
  const auto now = Clock::now();
  if (waiting) {
    waiting_since_ = now;
  } else {
    wait_time_ += now - *waiting_since_;
    waiting_since_.reset();
  }
}

void Executor::Record(const Slot& slot, std::uint32_t task, std::uint64_t begin_ns) {
  const TaskPlace place = slot.strand->tmpl().Place(task);
  const Task& what = slot.strand->tmpl().tasks[place.task];
  trace_.push_back({.rank = parts_.transport->rank(),
                    .slot = slot.strand->bindings().slot,
                    .step = slot.strand->bindings().step,
                    .kind = what.kind,
                    .weight = what.weight,
                    .layer = place.layer,
                    .begin_ns = begin_ns,
                    .end_ns = WallNanoseconds()});
}

}  // namespace braid
