#pragma once

#include "base/status.h"
#include "comm/transport.h"
#include "device/operators.h"
#include "plan/program.h"
#include "runtime/activations.h"
#include "runtime/communication.h"
#include "runtime/kv_memory.h"
#include "runtime/parameters.h"
#include "runtime/strand.h"
#include "runtime/task_trace.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace braid {

/// What an executor works with; all of it borrowed.
struct ExecutorParts {
  Transport* transport = nullptr;
  Operators* operators = nullptr;
  const Parameters* parameters = nullptr;
  const KvMemory* kv = nullptr;
  int first_rank = 0;  ///< rank of the job that is rank 0 of the instance
  std::chrono::milliseconds wait_limit{0};
  bool trace = false;
};

/// How big the programs can be.
struct ExecutorLimits {
  std::int32_t strand_slots = 1;
  std::int32_t max_rows = 0;
  std::array<std::int32_t, kNumBuffers> widths = {};  ///< of the widest template
};

/// A step that has ended on this rank.
struct FinishedStep {
  std::uint64_t number = 0;
  /// On the rank that gathers them: [sampled rows, vocab]; valid until the next step starts in the
  /// slot.
  ActivationView logits;
};

/// Runs Programs on one rank's CPU, several at once in as many strand slots: one cooperative loop
/// without threads. Each Advance polls every communication in flight, then runs one tile of the
/// primary's next ready task, or of another strand's. No task holds a lane while it waits.
/// Thread: rank thread only.
class Executor {
 public:
  /// Errors: OutOfMemory.
  static Result<std::unique_ptr<Executor>> Make(const ExecutorParts& parts,
                                                const ExecutorLimits& limits);

  /// Takes up a program: at once if its slot is free, else behind those that came before it. Rank 0
  /// may be done with a step, and append the next, while others still have its last task to finish.
  /// Errors: InvalidArgument for a slot that does not exist, more rows than the limits allow, or a
  /// number that is not above those already in the slot.
  Status Start(Program program);

  /// Moves on; false where nothing could be done now.
  /// Errors: those of the communications; the job is over then.
  Result<bool> Advance();

  /// A step that has ended since the last call.
  std::optional<FinishedStep> TakeFinished();

  /// Nothing runs and nothing is queued.
  bool idle() const { return num_running_ == 0; }
  std::chrono::nanoseconds compute_time() const { return compute_time_; }
  /// Time in which there were strands but no tile to run.
  std::chrono::nanoseconds wait_time() const { return wait_time_; }
  std::vector<TaskSpan> TakeTrace() { return std::exchange(trace_, {}); }

 private:
  using Clock = std::chrono::steady_clock;

  /// The compute task that a strand is in the middle of.
  struct RunningCompute {
    OperatorArgs args;
    std::uint32_t task = 0;  // unrolled
    std::int32_t next_tile = 0;
    std::int32_t num_tiles = 0;
    std::uint64_t begin_ns = 0;
  };
  struct Slot {
    explicit Slot(Activations memory) : activations(std::move(memory)) {}

    Activations activations;
    std::optional<Communication> communication;
    std::unique_ptr<Strand> strand;
    std::deque<Program> queue;  // by number; waiting only while `strand` runs
    std::uint64_t last_number = 0;
    std::optional<RunningCompute> compute;
    std::uint32_t network_task = 0;
    std::uint64_t network_begin_ns = 0;
  };

  explicit Executor(const ExecutorParts& parts) : parts_(parts) {}

  Result<bool> AdvanceNetwork(Slot& slot);
  Slot* PickCompute();
  void RunTile(Slot& slot);
  void Begin(Slot& slot, Program program);
  void FinishIfDone(Slot& slot);
  void AccountWaiting(bool waiting);
  void Record(const Slot& slot, std::uint32_t task, std::uint64_t begin_ns);

  ExecutorParts parts_;
  std::int32_t max_rows_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  int num_running_ = 0;
  std::vector<FinishedStep> finished_;
  std::chrono::nanoseconds compute_time_{0};
  std::chrono::nanoseconds wait_time_{0};
  std::optional<Clock::time_point> waiting_since_;
  std::vector<TaskSpan> trace_;
};

}  // namespace braid
