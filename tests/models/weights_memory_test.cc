// What a rank keeps resident of a mapped model is its own shard, not its neighbours'.

#include "models/weights.h"
#include "tests/models/shard_model.h"
#include "tests/models/tiny_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace braid {
namespace {

// Resident bytes of mapped files, or 0 where the system does not tell.
std::uint64_t ResidentFileBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "RssFile:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

std::uint64_t Touch(const WeightView& view) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(view.rows) * view.row_bytes; i += 512) {
    sum += std::to_integer<std::uint64_t>(view.data[i]);
  }
  return sum;
}

// About 17 MB in matrices of 1 MB and less, so that borders between ranks are many.
RandomModel ManyBorders() {
  RandomModel model{.spec = SmallSpec(), .dtype = DType::kF32};
  model.spec.model_dim = 512;
  model.spec.head_dim = 64;
  model.spec.rope.rotated_dims = 64;
  model.spec.num_heads = 8;
  model.spec.ffn_dim = 512;
  model.spec.num_layers = 3;
  return model;
}

class ResidentWeights : public ::testing::TestWithParam<bool> {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }
  std::string path_ =
      ::testing::TempDir() + "/braid_resident_test_" + std::to_string(::getpid()) + ".gguf";
};

TEST_P(ResidentWeights, AreThoseOfTheShard) {
  if (ResidentFileBytes() == 0) GTEST_SKIP() << "this system does not tell resident file pages";
  const RandomModel model = ManyBorders();
  ASSERT_TRUE(MakeRandomModel(model)->Write(path_).ok());
  const auto file = GgufFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message();
  const std::uint64_t before = ResidentFileBytes();
  const auto weights =
      LoadWeights(*file, model.spec, ShardsOf(model.spec, 2, 1)[1], {.populate = GetParam()});
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  std::uint64_t sum = Touch(weights->embedding) + Touch(weights->output);
  for (const LayerWeights& layer : weights->layers) {
    for (const auto member : {&LayerWeights::q, &LayerWeights::k, &LayerWeights::v,
                              &LayerWeights::gate, &LayerWeights::up}) {
      sum += Touch(layer.*member);
    }
  }
  EXPECT_GT(sum, 0U);
  const std::uint64_t grown = ResidentFileBytes() - before;
  // Part of a page at each border, and what else the process maps meanwhile.
  constexpr std::uint64_t kSlack = 512 * 1024;
  EXPECT_LE(grown, weights->sizes.mapped + kSlack);
  EXPECT_GE(grown + kSlack, weights->sizes.mapped);
}

INSTANTIATE_TEST_SUITE_P(PopulatedOrTouched, ResidentWeights, ::testing::Bool());

}  // namespace
}  // namespace braid
