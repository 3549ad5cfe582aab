// Writes a GGUF model of random weights in the shape of a known model, for benchmarks:
//   make_model --shape tinyllama-1.1b --dtype q8_0 --out tinyllama.gguf

#include "base/dtype.h"
#include "base/status.h"
#include "models/gguf/random_model.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <string>

namespace braid {
namespace {

struct Flags {
  std::string shape = "tinyllama-1.1b";
  std::string dtype = "q8_0";
  std::string out;
  std::uint64_t seed = 1;
  std::int32_t layers = 0;
};

Result<DType> ParseDType(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const DType dtype :
       {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    if (DTypeName(dtype) == name) return dtype;
  }
  return InvalidArgument("no dtype is called \"" + name +
                         "\"; known are f32, f16, bf16, q8_0, q4_0, q4_1");
}

// A line that counts up on a terminal; nothing in a log.
void ShowProgress(std::uint64_t done, std::uint64_t total) {
  if (isatty(STDERR_FILENO) == 0 || total == 0) return;
  std::fprintf(stderr, "\rwriting %5.0f of %.0f MB%s", static_cast<double>(done) * 1e-6,
               static_cast<double>(total) * 1e-6, done == total ? "\n" : "");
}

Status Run(const Flags& flags) {
  RandomModel model;
  ASSIGN_OR_RETURN(model.spec, SpecOfShape(flags.shape));
  ASSIGN_OR_RETURN(model.dtype, ParseDType(flags.dtype));
  model.seed = flags.seed;
  if (flags.layers > 0) model.spec.num_layers = flags.layers;
  ASSIGN_OR_RETURN(const GgufWriter writer, MakeRandomModel(model));
  return writer.Write(flags.out, ShowProgress);
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) {
  braid::Flags flags;
  CLI::App app("Writes a GGUF model of random weights in the shape of a known model");
  app.add_option("--shape", flags.shape, "whose shape")->capture_default_str();
  app.add_option("--dtype", flags.dtype, "f32, f16, bf16, q8_0, q4_0 or q4_1")
      ->capture_default_str();
  app.add_option("--out", flags.out, "the file to write")->required();
  app.add_option("--seed", flags.seed, "of the weights")->capture_default_str();
  app.add_option("--layers", flags.layers, "fewer or more layers than the shape has")
      ->check(CLI::Range(1, 1 << 16));
  CLI11_PARSE(app, argc, argv);
  const braid::Status status = braid::Run(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "make_model: %s\n", status.message().c_str());
  return status.is_user_error() ? 2 : 1;
}
