// What the CPU operators reach on this machine, on the shapes of TinyLlama-1.1B: GFLOP/s and GB/s
// of every matrix product, then a whole decoder (all operators, weights that no cache holds) as
// tokens/s. Cases take turns within a repeat, so that a busy neighbour hits all of them alike; the
// median of the thread's CPU time and the spread (quartiles, as a share of the median) are printed.
//
//   operators_bench [--dtype Q8_0] [--isa avx2|avx512] [--repeats 7] [--only matmul|decoder]

#include "device/cpu/cpu_operators.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace braid {
namespace {

constexpr DType kAllDTypes[] = {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1,
                                DType::kBF16, DType::kF16,  DType::kF32};

struct BenchOptions {
  std::vector<DType> dtypes{std::begin(kAllDTypes), std::end(kAllDTypes)};
  std::optional<InstructionSet> isa;
  int repeats = 7;
  std::string only;
};

/// Plausible weights of a format: small finite numbers, no subnormals (those would be timed).
std::vector<std::byte> WeightPattern(DType dtype, std::size_t elements) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(DTypeBytes(dtype, elements));
  const std::size_t block = DTypeBlockBytes(dtype);
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    const float value = static_cast<float>(random() % 2001) * 1e-5F - 0.01F + 1e-7F;
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    const auto half = static_cast<std::uint16_t>(0x2000U + random() % 0x400U);  // about 0.01
    const auto brain = static_cast<std::uint16_t>(bits >> 16U);
    for (std::size_t i = 0; i < block; ++i) bytes[at + i] = static_cast<std::byte>(random());
    if (dtype == DType::kF32)
      std::memcpy(&bytes[at], &bits, 4);
    else if (dtype == DType::kBF16)
      std::memcpy(&bytes[at], &brain, 2);
    else
      std::memcpy(&bytes[at], &half, 2);
    if (dtype == DType::kQ4_1) std::memcpy(&bytes[at + 2], &half, 2);
  }
  return bytes;
}

class Weights {
 public:
  Weights(DType dtype, std::int32_t rows, std::int32_t cols) {
    const auto elements = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
    bytes_.resize(DTypeBytes(dtype, elements));
    const auto pattern = WeightPattern(dtype, 1U << 16U);
    for (std::size_t at = 0; at < bytes_.size(); at += pattern.size()) {
      std::memcpy(&bytes_[at], pattern.data(), std::min(pattern.size(), bytes_.size() - at));
    }
    view_ = {.data = bytes_.data(),
             .dtype = dtype,
             .rows = rows,
             .cols = cols,
             .row_bytes = DTypeBytes(dtype, static_cast<std::size_t>(cols))};
  }
  const WeightView& view() const { return view_; }

 private:
  std::vector<std::byte> bytes_;
  WeightView view_;
};

class Activations {
 public:
  Activations(std::int32_t rows, std::int32_t cols)
      : storage_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) + 16),
        rows_(rows),
        cols_(cols) {
    data_ = storage_.data();
    while (reinterpret_cast<std::uintptr_t>(data_) % 64 != 0) ++data_;
    std::mt19937 random(11);
    for (float& x : storage_) x = static_cast<float>(random() % 2001) * 1e-3F - 1.0F;
  }
  ActivationView First(std::int32_t rows) {
    return {.data = data_, .rows = std::min(rows, rows_), .cols = cols_, .stride = cols_};
  }

 private:
  std::vector<float> storage_;
  float* data_;
  std::int32_t rows_;
  std::int32_t cols_;
};

/// Time of this thread on its core: what a busy neighbour takes away is not counted.
double Seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct RunStats {
  double seconds = 0;
  std::int32_t tiles = 0;
};

RunStats RunAll(Operators& operators, const OperatorArgs& args) {
  const double start = Seconds();
  const std::int32_t tiles = operators.NumTiles(args);
  for (std::int32_t tile = 0; tile < tiles; ++tile) operators.RunTile(args, tile);
  return {.seconds = Seconds() - start, .tiles = tiles};
}

struct Summary {
  double median = 0;
  double spread = 0;  ///< (upper - lower quartile) / median
};

Summary Summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {.median = values[n / 2],
          .spread = (values[n - 1 - n / 4] - values[n / 4]) / values[n / 2]};
}

struct MatMulCase {
  const Weights* weights;
  std::int32_t rows;
  std::int32_t tiles = 0;
  std::vector<double> seconds = {};
};

void BenchMatMul(Operators& operators, DType dtype, const BenchOptions& options) {
  constexpr std::int32_t kShapes[][2] = {
      {2048, 2048}, {256, 2048}, {5632, 2048}, {2048, 5632}, {32000, 2048}};
  std::vector<Weights> weights;
  for (const auto& [n, k] : kShapes) weights.emplace_back(dtype, n, k);
  Activations x(512, 5632);
  Activations out(512, 32000);
  std::vector<MatMulCase> cases;
  for (const Weights& w : weights) {
    for (const std::int32_t rows : {1, 2, 4, 6, 7, 8, 12, 16, 32, 64, 512}) {
      if (rows == 512 && w.view().rows == 32000) continue;
      cases.push_back({.weights = &w, .rows = rows});
    }
  }
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    for (MatMulCase& c : cases) {
      ActivationView in = x.First(c.rows);
      in.cols = in.stride = c.weights->view().cols;
      ActivationView to = out.First(c.rows);
      to.cols = to.stride = c.weights->view().rows;
      const RunStats stats = RunAll(
          operators, MatMulArgs{.x = in, .weight = c.weights->view(), .bias = {}, .out = to});
      c.seconds.push_back(stats.seconds);
      c.tiles = stats.tiles;
    }
  }
  std::printf("\nx W^T, W %s [N, K]\n", std::string(DTypeName(dtype)).c_str());
  std::printf("%6s %6s %5s %10s %7s %9s %8s %8s %7s\n", "N", "K", "rows", "median us", "spread",
              "GFLOP/s", "GB/s", "us/tile", "us/row");
  for (const MatMulCase& c : cases) {
    const WeightView& w = c.weights->view();
    const Summary s = Summarise(c.seconds);
    const double flop = 2.0 * c.rows * w.rows * w.cols;
    const double bytes = static_cast<double>(w.row_bytes) * w.rows;
    std::printf("%6d %6d %5d %10.1f %6.1f%% %9.1f %8.2f %8.1f %7.1f\n", w.rows, w.cols, c.rows,
                s.median * 1e6, s.spread * 100, flop / s.median * 1e-9, bytes / s.median * 1e-9,
                s.median * 1e6 / c.tiles, s.median * 1e6 / c.rows);
  }
}

constexpr std::int32_t kDim = 2048;
constexpr std::int32_t kFfn = 5632;
constexpr std::int32_t kVocab = 32000;
constexpr std::int32_t kHeads = 32;
constexpr std::int32_t kKvHeads = 4;
constexpr std::int32_t kHeadDim = 64;
constexpr std::int32_t kKvDim = kKvHeads * kHeadDim;
constexpr std::int32_t kLayers = 22;
constexpr std::int32_t kContext = 1024;

struct Layer {
  Weights q, k, v, o, gate, up, down;
  std::vector<float> keys, values;

  explicit Layer(DType dtype)
      : q(dtype, kDim, kDim),
        k(dtype, kKvDim, kDim),
        v(dtype, kKvDim, kDim),
        o(dtype, kDim, kDim),
        gate(dtype, kFfn, kDim),
        up(dtype, kFfn, kDim),
        down(dtype, kDim, kFfn),
        keys(kContext * kKvDim),
        values(kContext * kKvDim) {}
};

/// The time of one step, by kind of operator.
struct StepSeconds {
  double products = 0;
  double attention = 0;
  double others = 0;
  double head = 0;

  double total() const { return products + attention + others + head; }
};

/// A decoder of TinyLlama's shape with as many distinct layers as memory politely allows; times of
/// layers are scaled to 22.
class Decoder {
 public:
  Decoder(Operators& operators, DType dtype)
      : operators_(operators), head_(dtype, kVocab, kDim), norm_(kDim, 1.0F) {
    for (int i = 0; i < 32; ++i) {
      frequencies_.push_back(1.0F / std::pow(10000.0F, static_cast<float>(i) / 32.0F));
    }
    for (std::int32_t i = 0; i < kContext; ++i) kv_head_of_.push_back(i * kKvHeads / kHeads);
    kv_head_of_.resize(kHeads);
    const std::size_t layer_bytes = DTypeBytes(dtype, std::size_t{44'040'192});
    const std::size_t layers = std::clamp<std::size_t>(1'300'000'000 / layer_bytes, 4, kLayers);
    for (std::size_t i = 0; i < layers; ++i) layers_.emplace_back(dtype);
  }

  StepSeconds Step(std::int32_t rows, std::int32_t first_position) {
    StepSeconds step;
    for (Layer& layer : layers_) RunLayer(layer, rows, first_position, step);
    const double scale = static_cast<double>(kLayers) / static_cast<double>(layers_.size());
    step.products *= scale;
    step.attention *= scale;
    step.others *= scale;
    const ActivationView last = x_.First(1);
    step.head += Product(last, head_, logits_.First(1));
    return step;
  }

 private:
  double Product(ActivationView x, const Weights& w, ActivationView out) {
    return RunAll(operators_, MatMulArgs{.x = x, .weight = w.view(), .bias = {}, .out = out})
        .seconds;
  }
  double Other(const OperatorArgs& args) { return RunAll(operators_, args).seconds; }

  void RunLayer(Layer& layer, std::int32_t rows, std::int32_t first_position, StepSeconds& step) {
    const ActivationView x = x_.First(rows), n = n_.First(rows), q = q_.First(rows);
    const ActivationView k = k_.First(rows), v = v_.First(rows), a = a_.First(rows);
    const ActivationView gate = gate_.First(rows), up = up_.First(rows);
    std::vector<std::int32_t> slots(static_cast<std::size_t>(rows));
    for (std::int32_t i = 0; i < rows; ++i) slots[static_cast<std::size_t>(i)] = first_position + i;
    const KvView cache = {.keys = layer.keys.data(),
                          .values = layer.values.data(),
                          .num_slots = kContext,
                          .kv_heads = kKvHeads,
                          .head_dim = kHeadDim};
    const SlotExtent extent = {.first = 0, .count = first_position + rows};
    const RequestRows request = {.first_row = 0,
                                 .num_rows = rows,
                                 .first_position = first_position,
                                 .extents = std::span(&extent, 1)};
    step.others += Other(RmsNormArgs{.x = x, .weight = norm_, .epsilon = 1e-5F, .out = n});
    step.products += Product(n, layer.q, q) + Product(n, layer.k, k) + Product(n, layer.v, v);
    for (const ActivationView& rotated : {q, k}) {
      step.others += Other(RotateArgs{.x = rotated,
                                      .head_dim = kHeadDim,
                                      .positions = slots,
                                      .frequencies = frequencies_,
                                      .norm_weight = {}});
    }
    step.others += Other(StoreKvArgs{.k = k, .v = v, .slots = slots, .cache = cache});
    step.attention += Other(AttentionArgs{.q = q,
                                          .cache = cache,
                                          .requests = std::span(&request, 1),
                                          .kv_head_of = kv_head_of_,
                                          .out = a});
    step.products += Product(a, layer.o, n);
    step.others += Other(RmsNormArgs{.x = n, .weight = norm_, .epsilon = 1e-5F, .out = x});
    step.products += Product(x, layer.gate, gate) + Product(x, layer.up, up);
    step.others += Other(SwiGluArgs{.gate = gate, .up = up, .out = gate});
    step.products += Product(gate, layer.down, n);
    step.others += Other(AddArgs{.x = x, .y = n});
  }

  Operators& operators_;
  Weights head_;
  std::vector<float> norm_;
  std::vector<float> frequencies_;
  std::vector<std::int32_t> kv_head_of_;
  std::vector<Layer> layers_;
  Activations x_{512, kDim}, n_{512, kDim}, q_{512, kDim}, k_{512, kKvDim}, v_{512, kKvDim};
  Activations a_{512, kDim}, gate_{512, kFfn}, up_{512, kFfn}, logits_{1, kVocab};
};

void BenchDecoder(Operators& operators, DType dtype, const BenchOptions& options) {
  struct Case {
    const char* name;
    std::int32_t rows, position;
    std::vector<double> totals = {};
    StepSeconds last = {};
  };
  Case cases[] = {{.name = "decode, 512 cached", .rows = 1, .position = 512},
                  {.name = "decode, 4 rows", .rows = 4, .position = 512},
                  {.name = "decode, 8 rows", .rows = 8, .position = 512},
                  {.name = "decode, 16 rows", .rows = 16, .position = 496},
                  {.name = "prefill 64", .rows = 64, .position = 0},
                  {.name = "prefill 512", .rows = 512, .position = 0}};
  Decoder decoder(operators, dtype);
  decoder.Step(1, 0);
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    for (Case& c : cases) {
      if (c.rows == 512 && repeat >= 3) continue;  // seconds each
      c.last = decoder.Step(c.rows, c.position);
      c.totals.push_back(c.last.total());
    }
  }
  std::printf("\nTinyLlama-1.1B shape, %s\n", std::string(DTypeName(dtype)).c_str());
  std::printf("%-20s %10s %9s %7s %9s %9s %8s %8s\n", "step", "tokens/s", "ms", "spread",
              "products", "attention", "others", "head ms");
  for (const Case& c : cases) {
    const Summary s = Summarise(c.totals);
    std::printf("%-20s %10.2f %9.2f %6.1f%% %9.2f %9.2f %8.2f %8.2f\n", c.name, c.rows / s.median,
                s.median * 1e3, s.spread * 100, c.last.products * 1e3, c.last.attention * 1e3,
                c.last.others * 1e3, c.last.head * 1e3);
  }
}

int Main(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--repeats") options.repeats = std::max(1, std::atoi(value.c_str()));
    if (flag == "--only") options.only = value;
    if (flag == "--isa") {
      options.isa = value == "avx2" ? InstructionSet::kAvx2 : InstructionSet::kAvx512;
    }
    if (flag == "--dtype") {
      std::erase_if(options.dtypes, [&](DType d) { return DTypeName(d) != value; });
    }
  }
  auto operators = MakeCpuOperators({.instruction_set = options.isa});
  if (!operators.ok()) {
    std::fprintf(stderr, "%s\n", operators.status().ToString().c_str());
    return 1;
  }
  for (const DType dtype : options.dtypes) {
    if (options.only != "decoder") BenchMatMul(**operators, dtype, options);
    if (options.only != "matmul") BenchDecoder(**operators, dtype, options);
  }
  return 0;
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::Main(argc, argv); }
