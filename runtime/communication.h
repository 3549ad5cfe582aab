#pragma once

#include "base/status.h"
#include "comm/collectives/all_reduce.h"
#include "comm/collectives/gather.h"
#include "comm/collectives/transfer.h"
#include "comm/transport.h"
#include "plan/program.h"
#include "runtime/activations.h"
#include "runtime/strand.h"

#include <chrono>
#include <cstddef>
#include <vector>

namespace braid {

/// The communication in flight of one strand slot, at most one at a time: a task of the template as
/// a collective on the slot's own channel. Keeps its scratch memory between uses.
/// Thread: rank thread only.
class Communication {
 public:
  /// `first_rank`: rank of the job that is rank 0 of the instance.
  Communication(Transport& transport, int first_rank, std::chrono::milliseconds wait_limit)
      : transport_(&transport), first_rank_(first_rank), wait_limit_(wait_limit) {}

  bool active() const { return active_ != nullptr; }

  /// Starts the communication at `place` of `strand`, on the strand's activations.
  Status Start(const Strand& strand, const TaskPlace& place, const Activations& activations);

  /// True when done; then it is no longer active.
  /// Errors: those of Collective::Poll; the job is over then.
  Result<bool> Poll();

 private:
  Status StartGather(const CollectiveCall& call, const Strand& strand, const Task& task,
                     const Activations& activations);
  void SpreadGathered();

  Transport* transport_;
  int first_rank_;
  std::chrono::milliseconds wait_limit_;
  Collective* active_ = nullptr;
  AllReduce all_reduce_;
  Gather gather_;
  Transfer transfer_;
  std::vector<int> group_;                // of the active one, ranks of the job
  std::vector<std::size_t> block_bytes_;  // of the active gather
  std::vector<float> gathered_;           // blocks of a gather of several rows, one after another
  ActivationView gather_out_;             // where they go; no rows: they are there already
};

}  // namespace braid
