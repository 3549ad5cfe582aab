#include "models/gguf/random_model.h"

#include "base/hash.h"
#include "models/gguf/random_vocabulary.h"

#include <array>
#include <cmath>
#include <span>
#include <utility>

namespace braid {
namespace {

/// Near-normal numbers by index: the sum of four 16-bit uniforms, in integers until the last
/// multiplication, so that no library's distribution or rounding has a say.
class NormalStream {
 public:
  NormalStream(std::uint64_t seed, std::uint64_t row) {
    Hasher hasher;
    hasher.Add(seed);
    hasher.Add(row);
    state_ = hasher.Value();
  }

  void Fill(float mean, float deviation, std::span<float> out) {
    // Four uniforms over [0, 65535] have this deviation around this centre.
    constexpr float kDeviation = 37837.2266F;
    constexpr std::int32_t kCentre = 131070;
    const float scale = deviation / kDeviation;
    for (float& value : out) {
      const std::uint64_t bits = Next();
      const auto sum = static_cast<std::int32_t>((bits & 0xFFFFU) + ((bits >> 16) & 0xFFFFU) +
                                                 ((bits >> 32) & 0xFFFFU) + (bits >> 48));
      value = mean + static_cast<float>(sum - kCentre) * scale;
    }
  }

 private:
  // SplitMix64: Steele, Lea, Flood, OOPSLA 2014.
  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_ = 0;
};

std::uint64_t Size(std::int32_t value) { return static_cast<std::uint64_t>(value); }

/// Adds a model's keys and tensors to one writer; lives for one MakeRandomModel.
class ModelWriter {
 public:
  ModelWriter(const RandomModel& model, GgufWriter& writer)
      : model_(model), spec_(model.spec), writer_(writer) {}

  void AddKeys();
  void AddRopeKeys();
  void AddTokenizer();
  void AddTensors();

 private:
  void Count(std::string_view suffix, std::int32_t value) {
    writer_.AddUint32(spec_.architecture + "." + std::string(suffix),
                      static_cast<std::uint32_t>(value));
  }
  void Number(std::string_view suffix, float value) {
    writer_.AddFloat32(spec_.architecture + "." + std::string(suffix), value);
  }
  void AddLayer(std::int32_t layer);
  void Matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols);
  void Vector(const std::string& name, std::uint64_t size, float mean);
  std::uint64_t TensorSeed(const std::string& name) const {
    return HashBytes(std::as_bytes(std::span(name))) ^ model_.seed;
  }

  const RandomModel& model_;
  const ModelSpec& spec_;
  GgufWriter& writer_;
};

void ModelWriter::AddKeys() {
  writer_.AddString("general.architecture", spec_.architecture);
  writer_.AddString("general.name", spec_.name);
  Count("block_count", spec_.num_layers);
  Count("context_length", spec_.context_length);
  Count("embedding_length", spec_.model_dim);
  Count("feed_forward_length", spec_.ffn_dim);
  Count("attention.head_count", spec_.num_heads);
  Count("attention.head_count_kv", spec_.num_kv_heads);
  Count("attention.key_length", spec_.head_dim);
  Count("attention.value_length", spec_.head_dim);
  Number("attention.layer_norm_rms_epsilon", spec_.norm_epsilon);
  AddRopeKeys();
}

void ModelWriter::AddRopeKeys() {
  const RopeSpec& rope = spec_.rope;
  Count("rope.dimension_count", rope.rotated_dims);
  Number("rope.freq_base", rope.theta);
  if (rope.scaling != RopeScaling::kNone) {
    const bool linear = rope.scaling == RopeScaling::kLinear;
    writer_.AddString(spec_.architecture + ".rope.scaling.type", linear ? "linear" : "llama3");
    Number("rope.scaling.factor", rope.factor);
  }
  if (rope.scaling == RopeScaling::kLlama3) {
    Number("rope.scaling.low_freq_factor", rope.low_frequency_factor);
    Number("rope.scaling.high_freq_factor", rope.high_frequency_factor);
    Count("rope.scaling.original_context_length", rope.original_context);
  }
  if (rope.frequency_factors.empty()) return;
  writer_.AddTensor("rope_freqs.weight", {rope.frequency_factors.size()}, DType::kF32,
                    [factors = rope.frequency_factors](std::uint64_t, std::span<float> values) {
                      for (std::size_t i = 0; i < values.size(); ++i) values[i] = factors[i];
                    });
}

void ModelWriter::AddTokenizer() {
  const Vocabulary vocabulary = MakeRandomVocabulary(spec_.vocab_size);
  std::vector<std::int32_t> types;
  for (const Vocabulary::TokenType type : vocabulary.types) {
    types.push_back(static_cast<std::int32_t>(type));
  }
  writer_.AddString("tokenizer.ggml.model", vocabulary.model);
  writer_.AddStrings("tokenizer.ggml.tokens", vocabulary.tokens);
  writer_.AddFloats("tokenizer.ggml.scores", vocabulary.scores);
  writer_.AddInts("tokenizer.ggml.token_type", types);
  writer_.AddUint32("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(vocabulary.bos_id));
  writer_.AddUint32("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(vocabulary.eos_id));
  writer_.AddUint32("tokenizer.ggml.unknown_token_id",
                    static_cast<std::uint32_t>(vocabulary.unknown_id));
  writer_.AddBool("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
}

void ModelWriter::Matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
  const DType dtype = cols % DTypeBlockElements(model_.dtype) == 0 ? model_.dtype : DType::kF32;
  const float deviation = 1.0F / std::sqrt(static_cast<float>(cols));
  writer_.AddTensor(
      name, {cols, rows}, dtype,
      [seed = TensorSeed(name), deviation](std::uint64_t row, std::span<float> values) {
        NormalStream(seed, row).Fill(0.0F, deviation, values);
      });
}

void ModelWriter::Vector(const std::string& name, std::uint64_t size, float mean) {
  writer_.AddTensor(name, {size}, DType::kF32,
                    [seed = TensorSeed(name), mean](std::uint64_t row, std::span<float> values) {
                      NormalStream(seed, row).Fill(mean, 0.1F, values);
                    });
}

void ModelWriter::AddLayer(std::int32_t layer) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const std::uint64_t model_dim = Size(spec_.model_dim);
  const std::uint64_t heads = Size(spec_.num_heads) * Size(spec_.head_dim);
  const std::uint64_t kv_heads = Size(spec_.num_kv_heads) * Size(spec_.head_dim);
  const std::uint64_t ffn = Size(spec_.ffn_dim);
  Vector(prefix + "attn_norm.weight", model_dim, 1.0F);
  Matrix(prefix + "attn_q.weight", heads, model_dim);
  Matrix(prefix + "attn_k.weight", kv_heads, model_dim);
  Matrix(prefix + "attn_v.weight", kv_heads, model_dim);
  Matrix(prefix + "attn_output.weight", model_dim, heads);
  if (spec_.qkv_bias) {
    Vector(prefix + "attn_q.bias", heads, 0.0F);
    Vector(prefix + "attn_k.bias", kv_heads, 0.0F);
    Vector(prefix + "attn_v.bias", kv_heads, 0.0F);
  }
  if (spec_.qk_norm) {
    Vector(prefix + "attn_q_norm.weight", Size(spec_.head_dim), 1.0F);
    Vector(prefix + "attn_k_norm.weight", Size(spec_.head_dim), 1.0F);
  }
  Vector(prefix + "ffn_norm.weight", model_dim, 1.0F);
  Matrix(prefix + "ffn_gate.weight", ffn, model_dim);
  Matrix(prefix + "ffn_up.weight", ffn, model_dim);
  Matrix(prefix + "ffn_down.weight", model_dim, ffn);
}

void ModelWriter::AddTensors() {
  Matrix("token_embd.weight", Size(spec_.vocab_size), Size(spec_.model_dim));
  for (std::int32_t layer = 0; layer < spec_.num_layers; ++layer) AddLayer(layer);
  Vector("output_norm.weight", Size(spec_.model_dim), 1.0F);
  if (spec_.tied_embeddings) return;
  Matrix("output.weight", Size(spec_.vocab_size), Size(spec_.model_dim));
}

struct Shape {
  std::string_view name;
  std::string_view architecture;
  std::int32_t model_dim, num_layers, num_heads, num_kv_heads, head_dim, ffn_dim, vocab_size;
  std::int32_t context_length;
  float theta;
  bool tied_embeddings;
};

constexpr std::array kShapes = {
    Shape{"small", "llama", 64, 2, 4, 2, 16, 96, 300, 256, 10000.0F, false},
    Shape{"tinyllama-1.1b", "llama", 2048, 22, 32, 4, 64, 5632, 32000, 2048, 10000.0F, false},
    Shape{"smollm2-135m", "llama", 576, 30, 9, 3, 64, 1536, 49152, 8192, 100000.0F, true},
    Shape{"smollm2-360m", "llama", 960, 32, 15, 5, 64, 2560, 49152, 8192, 100000.0F, true},
    Shape{"qwen2.5-0.5b", "qwen2", 896, 24, 14, 2, 64, 4864, 151936, 32768, 1000000.0F, true},
    Shape{"qwen3-0.6b", "qwen3", 1024, 28, 16, 8, 128, 3072, 151936, 40960, 1000000.0F, true},
};

ModelSpec SpecOf(const Shape& shape) {
  ModelSpec spec;
  spec.architecture = shape.architecture;
  spec.name = "random " + std::string(shape.name);
  spec.model_dim = shape.model_dim;
  spec.num_layers = shape.num_layers;
  spec.num_heads = shape.num_heads;
  spec.num_kv_heads = shape.num_kv_heads;
  spec.head_dim = shape.head_dim;
  spec.ffn_dim = shape.ffn_dim;
  spec.vocab_size = shape.vocab_size;
  spec.context_length = shape.context_length;
  spec.rope.theta = shape.theta;
  spec.rope.rotated_dims = shape.head_dim;
  spec.rope.pairing =
      spec.architecture == "llama" ? RopePairing::kInterleaved : RopePairing::kHalves;
  spec.qkv_bias = spec.architecture == "qwen2";
  spec.qk_norm = spec.architecture == "qwen3";
  spec.tied_embeddings = shape.tied_embeddings;
  return spec;
}

}  // namespace

ModelSpec SmallSpec() { return SpecOf(kShapes[0]); }

Result<ModelSpec> SpecOfShape(std::string_view name) {
  std::string known;
  for (const Shape& shape : kShapes) {
    if (shape.name == name) return SpecOf(shape);
    known += (known.empty() ? "" : ", ") + std::string(shape.name);
  }
  return NotFound("no shape is called \"" + std::string(name) + "\"; known are " + known);
}

Result<GgufWriter> MakeRandomModel(const RandomModel& model) {
  RETURN_IF_ERROR(ValidateModelSpec(model.spec));
  if (model.tokenizer && model.spec.vocab_size < kLeastRandomVocabulary) {
    return InvalidArgument("a vocabulary of " + std::to_string(model.spec.vocab_size) +
                           " tokens is too small; with a tokenizer it needs " +
                           std::to_string(kLeastRandomVocabulary));
  }
  GgufWriter writer;
  ModelWriter parts(model, writer);
  parts.AddKeys();
  if (model.tokenizer) parts.AddTokenizer();
  parts.AddTensors();
  return writer;
}

}  // namespace braid
