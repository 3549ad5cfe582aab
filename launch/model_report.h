#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"
#include "models/weights.h"
#include "parallel/layout/mesh.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// The tensors of one type in a file.
struct TensorTypeCount {
  std::string type;
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
};

/// What one rank would hold.
struct RankHolding {
  ModelShard shard;
  WeightSizes weights;
  std::uint64_t kv_bytes_per_token = 0;
  std::vector<std::string> notes;
};

/// A model file, described.
struct ModelReport {
  std::string path;
  std::uint64_t file_bytes = 0;
  std::uint32_t gguf_version = 0;
  ModelSpec spec;
  std::uint64_t parameters = 0;  ///< numbers in all tensors
  std::vector<TensorTypeCount> types;
  std::string tokenizer;  ///< "byte-level BPE (smollm)"
  bool has_chat_template = false;
  Mesh mesh;
  std::vector<RankHolding> ranks;
};

/// Errors: InvalidArgument where the file is no model of ours, or cannot be split so.
Result<ModelReport> DescribeModel(const GgufFile& file, const Mesh& mesh, const LoadOptions& load);

std::string ModelReportText(const ModelReport& report);
std::string ModelReportJson(const ModelReport& report);

}  // namespace braid
