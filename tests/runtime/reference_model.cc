#include "tests/runtime/reference_model.h"

#include "models/gguf/gguf_file.h"
#include "models/gguf/quantize.h"
#include "models/spec_from_gguf.h"
#include "models/weights.h"
#include "parallel/layout/shard.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace braid {
namespace {

std::vector<double> Wide(std::span<const float> values) { return {values.begin(), values.end()}; }

std::vector<double> Dequantised(const WeightView& view) {
  std::vector<double> values;
  std::vector<float> row(static_cast<std::size_t>(view.cols));
  for (std::int32_t r = 0; r < view.rows; ++r) {
    const std::byte* data = view.data + static_cast<std::size_t>(r) * view.row_bytes;
    DequantizeRow(view.dtype, {data, view.row_bytes}, row);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

}  // namespace

Result<ReferenceModel> ReferenceModel::Load(const std::string& path) {
  ReferenceModel model;
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(path));
  ASSIGN_OR_RETURN(model.spec_, SpecFromGguf(file));
  ASSIGN_OR_RETURN(const ModelShard whole, ShardOf(model.spec_, {}, 0));
  ASSIGN_OR_RETURN(const ModelWeights weights, LoadWeights(file, model.spec_, whole));
  const auto matrix = [](const WeightView& view) {
    return Matrix{view.rows, view.cols, Dequantised(view)};
  };
  model.embedding_ = matrix(weights.embedding);
  model.output_ = matrix(weights.output);
  model.final_norm_ = Wide(weights.final_norm);
  for (const LayerWeights& from : weights.layers) {
    model.layers_.push_back({.attn_norm = Wide(from.attn_norm),
                             .q_bias = Wide(from.q_bias),
                             .k_bias = Wide(from.k_bias),
                             .v_bias = Wide(from.v_bias),
                             .q_norm = Wide(from.q_norm),
                             .k_norm = Wide(from.k_norm),
                             .ffn_norm = Wide(from.ffn_norm),
                             .q = matrix(from.q),
                             .k = matrix(from.k),
                             .v = matrix(from.v),
                             .o = matrix(from.o),
                             .gate = matrix(from.gate),
                             .up = matrix(from.up),
                             .down = matrix(from.down)});
  }
  return model;
}

ReferenceModel::Vector ReferenceModel::Matrix::Times(const Vector& x, const Vector& bias) const {
  BRAID_CHECK(x.size() == static_cast<std::size_t>(cols));
  Vector y(static_cast<std::size_t>(rows));
  for (std::size_t r = 0; r < y.size(); ++r) {
    double sum = bias.empty() ? 0.0 : bias[r];
    for (std::size_t c = 0; c < x.size(); ++c) sum += values[r * x.size() + c] * x[c];
    y[r] = sum;
  }
  return y;
}

ReferenceModel::Vector ReferenceModel::Normalised(const Vector& x, const Vector& weight) const {
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double scale =
      1.0 / std::sqrt(squares / static_cast<double>(x.size()) + double{spec_.norm_epsilon});
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * weight[i];
  return y;
}

double ReferenceModel::Frequency(std::int32_t pair) const {
  const RopeSpec& rope = spec_.rope;
  const double exponent = 2.0 * pair / rope.rotated_dims;
  double frequency = 1.0 / std::pow(double{rope.theta}, exponent);
  if (!rope.frequency_factors.empty()) {
    frequency /= double{rope.frequency_factors[static_cast<std::size_t>(pair)]};
  }
  if (rope.scaling == RopeScaling::kLinear) return frequency / double{rope.factor};
  if (rope.scaling == RopeScaling::kLlama3) {
    const double original = rope.original_context;
    const double wavelength = 2.0 * std::numbers::pi / frequency;
    const double long_waves = original / double{rope.low_frequency_factor};
    const double short_waves = original / double{rope.high_frequency_factor};
    if (wavelength > long_waves) return frequency / double{rope.factor};
    if (wavelength < short_waves) return frequency;
    const double smooth = (original / wavelength - double{rope.low_frequency_factor}) /
                          (double{rope.high_frequency_factor} - double{rope.low_frequency_factor});
    return (1.0 - smooth) * (frequency / double{rope.factor}) + smooth * frequency;
  }
  return frequency;
}

void ReferenceModel::NormaliseAndRotateHeads(Vector& x, const Vector& norm,
                                             std::int32_t position) const {
  const auto dim = static_cast<std::size_t>(spec_.head_dim);
  const std::int32_t pairs = spec_.rope.rotated_dims / 2;
  for (std::size_t begin = 0; begin < x.size(); begin += dim) {
    if (!norm.empty()) {
      const Vector head(x.begin() + static_cast<std::ptrdiff_t>(begin),
                        x.begin() + static_cast<std::ptrdiff_t>(begin + dim));
      const Vector normalised = Normalised(head, norm);
      std::copy(normalised.begin(), normalised.end(),
                x.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    for (std::int32_t pair = 0; pair < pairs; ++pair) {
      const bool neighbours = spec_.rope.pairing == RopePairing::kInterleaved;
      double& a = x[begin + static_cast<std::size_t>(neighbours ? 2 * pair : pair)];
      double& b = x[begin + static_cast<std::size_t>(neighbours ? 2 * pair + 1 : pair + pairs)];
      const double angle = position * Frequency(pair);
      const double turned_a = a * std::cos(angle) - b * std::sin(angle);
      const double turned_b = a * std::sin(angle) + b * std::cos(angle);
      a = turned_a;
      b = turned_b;
    }
  }
}

ReferenceModel::Vector ReferenceModel::Attend(const Vector& q, const Cache& cache) const {
  const auto dim = static_cast<std::size_t>(spec_.head_dim);
  Vector attended(q.size());
  for (std::size_t head = 0; head < static_cast<std::size_t>(spec_.num_heads); ++head) {
    const std::size_t kv_head = head / static_cast<std::size_t>(spec_.heads_per_kv());
    Vector weights;
    for (const Vector& key : cache.keys) {
      double score = 0;
      for (std::size_t d = 0; d < dim; ++d) score += q[head * dim + d] * key[kv_head * dim + d];
      weights.push_back(score / std::sqrt(static_cast<double>(dim)));
    }
    const double largest = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - largest);
    for (std::size_t token = 0; token < weights.size(); ++token) {
      for (std::size_t d = 0; d < dim; ++d) {
        attended[head * dim + d] += weights[token] / total * cache.values[token][kv_head * dim + d];
      }
    }
  }
  return attended;
}

ReferenceModel::Vector ReferenceModel::RunLayer(const Layer& layer, const Vector& x,
                                                std::int32_t position, Cache& cache) const {
  const Vector before_attention = Normalised(x, layer.attn_norm);
  Vector q = layer.q.Times(before_attention, layer.q_bias);
  Vector k = layer.k.Times(before_attention, layer.k_bias);
  NormaliseAndRotateHeads(q, layer.q_norm, position);
  NormaliseAndRotateHeads(k, layer.k_norm, position);
  cache.keys.push_back(std::move(k));
  cache.values.push_back(layer.v.Times(before_attention, layer.v_bias));

  Vector sum = x;
  const Vector attention = layer.o.Times(Attend(q, cache));
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += attention[i];

  const Vector before_ffn = Normalised(sum, layer.ffn_norm);
  Vector hidden = layer.gate.Times(before_ffn);
  const Vector up = layer.up.Times(before_ffn);
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] = hidden[i] / (1.0 + std::exp(-hidden[i])) * up[i];
  }
  const Vector ffn = layer.down.Times(hidden);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += ffn[i];
  return sum;
}

std::vector<std::vector<double>> ReferenceModel::Logits(
    std::span<const std::int32_t> tokens) const {
  std::vector<Cache> caches(layers_.size());
  std::vector<Vector> logits;
  for (std::size_t position = 0; position < tokens.size(); ++position) {
    const auto row =
        embedding_.values.begin() + static_cast<std::ptrdiff_t>(tokens[position]) * embedding_.cols;
    Vector x(row, row + embedding_.cols);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      x = RunLayer(layers_[l], x, static_cast<std::int32_t>(position), caches[l]);
    }
    logits.push_back(output_.Times(Normalised(x, final_norm_)));
  }
  return logits;
}

}  // namespace braid
