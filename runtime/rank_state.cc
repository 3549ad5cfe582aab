#include "runtime/rank_state.h"

#include "device/cpu/cpu_operators.h"
#include "models/gguf/fingerprint.h"
#include "models/spec_from_gguf.h"
#include "models/vocabulary_from_gguf.h"
#include "parallel/bind.h"
#include "parallel/check.h"
#include "parallel/layout/shard.h"
#include "parallel/lower.h"
#include "runtime/memory_use.h"

#include <algorithm>
#include <string>

namespace braid {

Result<std::unique_ptr<RankState>> RankState::Load(const JobOptions& options,
                                                   Transport& transport) {
  if (transport.size() != options.mesh.size()) {
    return InvalidArgument("this job has " + std::to_string(transport.size()) + " ranks, but tp " +
                           std::to_string(options.mesh.tensor) + " x pp " +
                           std::to_string(options.mesh.pipeline) + " needs " +
                           std::to_string(options.mesh.size()));
  }
  std::unique_ptr<RankState> state(new RankState(options));
  RETURN_IF_ERROR(state->LoadModel(transport.rank() == 0));
  RETURN_IF_ERROR(state->LoadShard(transport.rank()));
  RETURN_IF_ERROR(state->MakeTemplates(transport.rank()));
  RETURN_IF_ERROR(state->MakeExecutor(transport));
  return state;
}

Status RankState::LoadModel(bool reads_text) {
  ASSIGN_OR_RETURN(file_, GgufFile::Open(options_.model_path));
  ASSIGN_OR_RETURN(model_hash_, Fingerprint(*file_));
  ASSIGN_OR_RETURN(spec_, SpecFromGguf(*file_));
  if (reads_text) {
    ASSIGN_OR_RETURN(vocabulary_, VocabularyFromGguf(*file_));
    ASSIGN_OR_RETURN(tokenizer_, Tokenizer::Make(vocabulary_));
  }
  if (options_.context == 0) options_.context = spec_.context_length;
  if (options_.context < 1 || options_.context > spec_.context_length) {
    return InvalidArgument("a context of " + std::to_string(options_.context) +
                           " tokens is outside what the model was trained for, 1 to " +
                           std::to_string(spec_.context_length) + "; change --ctx");
  }
  options_.max_rows = std::clamp(options_.max_rows, 1, options_.context);
  return {};
}

Status RankState::LoadShard(std::int32_t rank) {
  ASSIGN_OR_RETURN(shard_, ShardOf(spec_, options_.mesh, rank));
  LoadOptions load;
  load.dtype = options_.widen_to_f32 ? WeightDType::kF32 : WeightDType::kAsStored;
  ASSIGN_OR_RETURN(weights_, LoadWeights(*file_, spec_, shard_, load));
  parameters_.emplace(spec_, shard_, *weights_);
  ASSIGN_OR_RETURN(kv_, KvMemory::Make(spec_, shard_, options_.context));
  ASSIGN_OR_RETURN(operators_, MakeCpuOperators({options_.numerics, std::nullopt}));
  return {};
}

Status RankState::MakeTemplates(std::int32_t rank) {
  for (const bool sampled : {false, true}) {
    // Every rank checks the whole instance: cheap, and none depends on another's word.
    std::vector<Template> instance;
    for (std::int32_t peer = 0; peer < options_.mesh.size(); ++peer) {
      ASSIGN_OR_RETURN(Template lowered, Lower(spec_, options_.mesh, peer, sampled));
      instance.push_back(std::move(lowered));
    }
    RETURN_IF_ERROR(CheckInstance(instance));
    templates_[sampled ? 1 : 0] =
        std::make_shared<const Template>(std::move(instance[static_cast<std::size_t>(rank)]));
  }
  return {};
}

Status RankState::MakeExecutor(Transport& transport) {
  const ExecutorParts parts = {.transport = &transport,
                               .operators = operators_.get(),
                               .parameters = &*parameters_,
                               .kv = &*kv_,
                               .first_rank = 0,
                               .wait_limit = options_.wait_limit,
                               .trace = options_.trace};
  const ExecutorLimits limits = {.strand_slots = options_.strand_slots,
                                 .max_rows = options_.max_rows,
                                 .widths = templates_[1]->widths};
  ASSIGN_OR_RETURN(executor_, Executor::Make(parts, limits));
  return {};
}

Status RankState::Validate(const Step& step) const {
  return ValidateStep(step, {.vocab_size = spec_.vocab_size,
                             .num_instances = 1,
                             .num_strand_slots = options_.strand_slots,
                             .num_kv_slots = options_.context,
                             .max_rows = options_.max_rows});
}

Status RankState::Start(const Step& step) {
  RETURN_IF_ERROR(Validate(step));
  if (step.is_move() || step.overlap == OverlapMode::kTokenSplit) {
    return InvalidArgument("step " + std::to_string(step.number) +
                           " is a move of KV or split by tokens, which ranks cannot execute yet");
  }
  for (const StepRequest& request : step.requests) {
    for (const KvExtent& kv : request.kv) {
      kv_slots_used_ = std::max(kv_slots_used_, kv.first_slot + kv.count);
    }
  }
  Program program;
  program.tmpl = templates_[step.num_sampled_rows() > 0 ? 1 : 0];
  program.bindings = Bind(step, 0);
  return executor_->Start(std::move(program));
}

RankReport RankState::Report(const Transport& transport) const {
  const auto seconds = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  RankReport report;
  report.rank = transport.rank();
  report.weight_bytes = weights_->sizes.total();
  report.kv_bytes = kv_->bytes_per_slot() * static_cast<std::uint64_t>(kv_slots_used_);
  report.peak_memory_bytes = PeakMemoryBytes();
  for (const std::uint64_t bytes : transport.traffic().bytes_sent) report.bytes_sent += bytes;
  report.compute_seconds = seconds(executor_->compute_time());
  report.wait_seconds = seconds(executor_->wait_time());
  return report;
}

}  // namespace braid
