#pragma once

#include "base/status.h"
#include "device/operators.h"
#include "models/gguf/gguf_file.h"
#include "models/private_memory.h"
#include "plan/model_spec.h"
#include "plan/shard.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// How matrices are held. Norms and biases are always f32.
enum class WeightDType : std::uint8_t {
  kAsStored,  ///< as the file has them
  kF32,       ///< widened
};

struct LoadOptions {
  WeightDType dtype = WeightDType::kAsStored;
  /// Map and, if need be, read all weights now, so that the first token need not wait for them.
  bool populate = true;
};

/// The weights of one decoder layer on one rank. "Own" is the shard's part of the whole.
struct LayerWeights {
  std::vector<float> attn_norm;  ///< [model_dim]
  WeightView q;                  ///< [own heads * head_dim, model_dim]
  WeightView k;                  ///< [own KV heads * head_dim, model_dim]
  WeightView v;                  ///< [own KV heads * head_dim, model_dim]
  WeightView o;                  ///< [model_dim, own heads * head_dim]
  std::vector<float> q_bias;     ///< [own heads * head_dim]; empty without ModelSpec::qkv_bias
  std::vector<float> k_bias;     ///< [own KV heads * head_dim], or empty
  std::vector<float> v_bias;     ///< [own KV heads * head_dim], or empty
  std::vector<float> q_norm;     ///< [head_dim]; empty without ModelSpec::qk_norm
  std::vector<float> k_norm;     ///< [head_dim], or empty
  std::vector<float> ffn_norm;   ///< [model_dim]
  WeightView gate;               ///< [own ffn, model_dim]
  WeightView up;                 ///< [own ffn, model_dim]
  WeightView down;               ///< [model_dim, own ffn]
};

/// Bytes of weights by what they are for (a rank's biases and norms count as norms, and tied
/// embeddings on a rank that holds both ends count once), and by where they are.
struct WeightSizes {
  std::uint64_t embedding = 0;
  std::uint64_t attention = 0;
  std::uint64_t ffn = 0;
  std::uint64_t norms = 0;
  std::uint64_t output = 0;

  std::uint64_t mapped = 0;  ///< in pages of the file, shared with other ranks of the host
  std::uint64_t copied = 0;  ///< in memory of this rank alone

  std::uint64_t total() const { return embedding + attention + ffn + norms + output; }
  bool operator==(const WeightSizes&) const = default;
};

/// What one rank holds of a model. Matrices cut by rows are views into the mapped file, which must
/// outlive this; those cut by columns lie in memory of its own.
/// Thread: read only after loading; any thread.
struct ModelWeights {
  WeightView embedding;              ///< [own vocab, model_dim]; first stage
  std::vector<LayerWeights> layers;  ///< of shard.layers, in order
  std::vector<float> final_norm;     ///< [model_dim]; last stage
  WeightView output;                 ///< [own vocab, model_dim]; last stage
  WeightSizes sizes;
  std::vector<std::string> notes;  ///< for people: what is not held as one might expect
  PrivateMemory memory;            ///< behind the views that do not point into the file
};

/// Loads one rank's part of the weights; touches and keeps no other.
///
/// Cut by output rows (q, k, v, gate, up, embedding, output): a view. Cut by input columns (o,
/// down): packed copies, read past the mapping so that the whole matrix never counts as this rank's
/// memory. Where such a cut is not on a border of the quantised type's blocks, that part is widened
/// to f32, and a note says so.
/// Cost:   with `populate`, reads the shard's bytes once; else only what is copied.
/// Errors: InvalidArgument naming the tensor, what was found and what expected (missing, shape,
///         type), the same on every rank; OutOfMemory; Unavailable where the disk fails.
/// Thread: any; ranks that are threads load from one file at the same time.
Result<ModelWeights> LoadWeights(const GgufFile& file, const ModelSpec& spec,
                                 const ModelShard& shard, const LoadOptions& options = {});

/// What LoadWeights would hold, without loading; errors as LoadWeights finds them in the file's
/// table. Its `notes` go to `notes` where given.
/// Cost: none to speak of; no data is read.
Result<WeightSizes> WeightBytes(const GgufFile& file, const ModelSpec& spec,
                                const ModelShard& shard, const LoadOptions& options = {},
                                std::vector<std::string>* notes = nullptr);

}  // namespace braid
