#include "runtime/activations.h"
#include "runtime/kv_memory.h"
#include "runtime/lazy_memory.h"
#include "runtime/memory_use.h"
#include "tests/parallel/small_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace braid {
namespace {

using ::testing::HasSubstr;

TEST(LazyMemory, IsZeroAndCostsNothingUntilTouched) {
  const std::uint64_t before = PeakMemoryBytes();
  constexpr std::size_t kBytes = std::size_t{8} << 30;
  const Result<LazyMemory> memory = LazyMemory::Make(kBytes);
  ASSERT_TRUE(memory.ok()) << memory.error().ToString();
  EXPECT_EQ(memory->bytes(), kBytes);
  EXPECT_EQ(memory->floats()[0], 0.0F);
  EXPECT_EQ(memory->floats()[kBytes / sizeof(float) - 1], 0.0F);
  EXPECT_LT(PeakMemoryBytes(), before + (std::size_t{1} << 28));
}

TEST(LazyMemory, SaysThatItCannotBeHadInsteadOfDying) {
  const Result<LazyMemory> memory = LazyMemory::Make(std::numeric_limits<std::size_t>::max() / 2);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.error().code(), StatusCode::kOutOfMemory);
  EXPECT_THAT(memory.error().message(), HasSubstr("MiB"));
}

TEST(LazyMemory, MovesItsContents) {
  Result<LazyMemory> memory = LazyMemory::Make(4096);
  ASSERT_TRUE(memory.ok());
  memory->floats()[5] = 3.0F;
  LazyMemory moved = std::move(*memory);
  EXPECT_EQ(moved.floats()[5], 3.0F);
  EXPECT_EQ(memory->data(), nullptr);  // NOLINT(bugprone-use-after-move): what it states
  LazyMemory other;
  other = std::move(moved);
  EXPECT_EQ(other.floats()[5], 3.0F);
  EXPECT_EQ(LazyMemory::Make(0)->data(), nullptr);
}

TEST(KvMemory, GivesEachLayerOfTheShardRoomOfItsOwn) {
  const ModelSpec spec = NineHeads();
  ModelShard shard;
  shard.layers = {2, 5};
  shard.kv_heads = {1, 3};
  constexpr std::int32_t kSlots = 7;
  const Result<KvMemory> kv = KvMemory::Make(spec, shard, kSlots);
  ASSERT_TRUE(kv.ok());
  EXPECT_EQ(kv->bytes_per_slot(), 3U * 2 * 2 * 64 * 4);
  EXPECT_EQ(kv->num_slots(), kSlots);
  const std::size_t one = std::size_t{kSlots} * 2 * 64;
  float mark = 1;
  for (std::int32_t layer = 2; layer < 5; ++layer) {
    const KvView view = kv->Layer(layer);
    EXPECT_EQ(view.num_slots, kSlots);
    EXPECT_EQ(view.kv_heads, 2);
    EXPECT_EQ(view.head_dim, 64);
    std::fill_n(view.keys, one, mark++);
    std::fill_n(view.values, one, mark++);
  }
  mark = 1;
  for (std::int32_t layer = 2; layer < 5; ++layer) {
    const KvView view = kv->Layer(layer);
    for (const float* side : {view.keys, view.values}) {
      EXPECT_TRUE(std::all_of(side, side + one, [&](float value) { return value == mark; }));
      ++mark;
    }
  }
}

TEST(KvMemory, NamesTheTokensThatDoNotFit) {
  ModelSpec spec = NineHeads();
  spec.head_dim = 1 << 14;
  ModelShard shard;
  shard.layers = {0, 1 << 16};
  shard.kv_heads = {0, 1 << 12};
  const Result<KvMemory> kv = KvMemory::Make(spec, shard, 1 << 16);
  ASSERT_FALSE(kv.ok());
  EXPECT_EQ(kv.error().code(), StatusCode::kOutOfMemory);
  EXPECT_THAT(kv.error().message(), HasSubstr("65536 tokens"));
}

TEST(Activations, KeepBuffersApartAndRowsTogether) {
  std::array<std::int32_t, kNumBuffers> widths = {};
  const auto width = [&](Buffer buffer) -> std::int32_t& {
    return widths[static_cast<std::size_t>(buffer)];
  };
  width(Buffer::kResidual) = 13;
  width(Buffer::kQuery) = 1500;
  width(Buffer::kLogits) = 3;
  constexpr std::int32_t kRows = 5;
  const Result<Activations> made = Activations::Make(widths, kRows);
  ASSERT_TRUE(made.ok());
  const std::vector<Buffer> buffers = {Buffer::kResidual, Buffer::kQuery, Buffer::kLogits};
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    const ActivationView view = made->View(buffers[b], kRows);
    EXPECT_EQ(view.cols, width(buffers[b]));
    EXPECT_EQ(view.stride, view.cols);
    std::fill_n(view.data, view.rows * view.cols, static_cast<float>(b + 1));
  }
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    const ActivationView view = made->View(buffers[b], kRows);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 4096, 0U);
    EXPECT_TRUE(std::all_of(view.data, view.data + view.rows * view.cols,
                            [&](float value) { return value == static_cast<float>(b + 1); }));
  }
  EXPECT_EQ(made->View(Buffer::kQuery, 2).rows, 2);
}

}  // namespace
}  // namespace braid
