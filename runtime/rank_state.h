#pragma once

#include "base/status.h"
#include "comm/transport.h"
#include "device/operators.h"
#include "models/gguf/gguf_file.h"
#include "models/tokenizer.h"
#include "models/weights.h"
#include "plan/model_spec.h"
#include "plan/program.h"
#include "plan/step.h"
#include "runtime/executor.h"
#include "runtime/job.h"
#include "runtime/kv_memory.h"
#include "runtime/parameters.h"

#include <array>
#include <memory>
#include <optional>

namespace braid {

/// Everything that one rank holds for a job: model file, weights of its shard, KV memory,
/// operators, templates and the executor over them. Made whole or not at all. Thread: rank thread
/// only.
class RankState {
 public:
  /// Nothing is sent; any rank may fail by itself.
  /// Errors: what is wrong with the file, the split or the machine.
  static Result<std::unique_ptr<RankState>> Load(const JobOptions& options, Transport& transport);

  /// Checks a step against this job, and takes it up.
  /// Errors: those of ValidateStep and Executor::Start.
  Status Start(const Step& step);

  /// As Start would, without starting.
  Status Validate(const Step& step) const;

  Executor& executor() { return *executor_; }
  const JobOptions& options() const { return options_; }  ///< with the context filled in
  const ModelSpec& spec() const { return spec_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }  ///< rank 0 only
  const Tokenizer& tokenizer() const { return *tokenizer_; }    ///< rank 0 only
  std::uint64_t model_hash() const { return model_hash_; }

  /// All but load_seconds.
  RankReport Report(const Transport& transport) const;

 private:
  explicit RankState(const JobOptions& options) : options_(options) {}

  /// `reads_text`: with vocabulary and tokenizer, which only the leading rank needs.
  Status LoadModel(bool reads_text);
  Status LoadShard(std::int32_t rank);
  Status MakeTemplates(std::int32_t rank);
  Status MakeExecutor(Transport& transport);

  JobOptions options_;
  std::optional<GgufFile> file_;
  std::uint64_t model_hash_ = 0;
  ModelSpec spec_;
  Vocabulary vocabulary_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ModelShard shard_;
  std::optional<ModelWeights> weights_;
  std::optional<Parameters> parameters_;
  std::optional<KvMemory> kv_;
  std::unique_ptr<Operators> operators_;
  std::array<std::shared_ptr<const Template>, 2> templates_;  // without and with sampled rows
  std::unique_ptr<Executor> executor_;
  std::int32_t kv_slots_used_ = 0;
};

}  // namespace braid
