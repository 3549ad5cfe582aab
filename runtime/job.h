#pragma once

#include "base/status.h"
#include "comm/transport.h"
#include "device/operators.h"
#include "models/tokenizer.h"
#include "parallel/layout/mesh.h"
#include "plan/model_spec.h"
#include "plan/step.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace braid {

class TaskTrace;

/// What all ranks of a job must agree on, and how to run it.
struct JobOptions {
  std::string model_path;
  Mesh mesh;  ///< of the one instance; mesh.size() ranks
  Numerics numerics = Numerics::kFast;
  bool widen_to_f32 = false;      ///< keep weights as F32 instead of the file's own types
  std::int32_t context = 0;       ///< KV slots of the instance, tokens; 0: the model's own
  std::int32_t max_rows = 512;    ///< of one step; longer prompts go in chunks
  std::int32_t strand_slots = 1;  ///< steps in flight on a rank at most
  /// For any wait for a peer; the others bear a rank 0 that asks for nothing twice as long.
  std::chrono::milliseconds wait_limit{120'000};
  bool trace = false;  ///< record every task
};

/// What one rank can say of itself at the end.
struct RankReport {
  std::int32_t rank = 0;
  std::uint64_t weight_bytes = 0;       ///< of its shard, as it lies in memory
  std::uint64_t kv_bytes = 0;           ///< of the KV slots that were used
  std::uint64_t peak_memory_bytes = 0;  ///< of the process; ranks that are threads share one
  std::uint64_t bytes_sent = 0;         ///< payload to other ranks
  double load_seconds = 0;
  double compute_seconds = 0;  ///< in operators
  double wait_seconds = 0;     ///< had tasks, but all of them waited for messages
};

/// Logits of the sampled rows of a step, request by request. [sampled rows, vocab_size]
struct StepResult {
  std::uint64_t number = 0;
  std::span<const float> logits;  ///< valid until the next Run
};

/// The job as its rank 0 sees it: appends steps to the log and gets their results.
/// Thread: rank 0's thread only.
class Lead {
 public:
  virtual ~Lead() = default;

  virtual const ModelSpec& spec() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
  virtual const JobOptions& options() const = 0;  ///< effective: context is filled in

  /// Numbers the step, appends it to the log and runs it on all ranks.
  /// Errors: as ValidateStep (the job goes on); any other error ends the job.
  virtual Result<StepResult> Run(Step step) = 0;

  /// What every rank says of itself now, in rank order.
  virtual Result<std::vector<RankReport>> Reports() = 0;
};

using LeadFunction = std::function<Status(Lead&)>;

/// Runs rank transport.rank() of a job: loads its shard, makes sure that all ranks have the same
/// version, model and configuration, then calls `lead` on rank 0 and follows the log on the others.
/// Returns when the job is over, with the same verdict on every rank where peers can be reached.
/// `trace`, if given, receives this rank's tasks.
/// Errors: the first failing rank's, naming it.
Status RunRank(const JobOptions& options, Transport& transport, const LeadFunction& lead,
               TaskTrace* trace = nullptr);

/// Runs a whole job with its ranks as threads of this process. `lead` runs on another thread.
Status RunInprocJob(const JobOptions& options, const LeadFunction& lead,
                    TaskTrace* trace = nullptr);

}  // namespace braid
