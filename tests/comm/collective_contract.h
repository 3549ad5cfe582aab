#pragma once

#include "comm/collectives/all_gather.h"
#include "comm/collectives/all_reduce.h"
#include "comm/collectives/barrier.h"
#include "comm/collectives/broadcast.h"
#include "comm/collectives/gather.h"
#include "comm/collectives/transfer.h"
#include "parallel/layout/volume.h"
#include "tests/comm/transport_contract.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

/// What the collectives must do on every transport; instantiated like TransportContract.
namespace braid {

static_assert(kVolumeChunkBytes == kChunkBytes);
static_assert(kVolumeAllReduceDirectBytes == kAllReduceDirectBytes);

class CollectiveContract : public testing::TestWithParam<RankWorld> {};

/// Numbers of very different magnitude, so that another order of additions shows in the bits.
inline std::vector<float> Contribution(int rank, std::size_t count) {
  std::uint32_t state = static_cast<std::uint32_t>(rank) * 7919U + 1U;
  std::vector<float> values(count);
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;  // linear congruential: its high bits are good enough
    const float mantissa = static_cast<float>(state >> 12U) - 524288.0F;
    value = mantissa * static_cast<float>(1U << ((state >> 8U) % 16U));
  }
  return values;
}

inline std::vector<float> SequentialSum(const std::vector<int>& group, std::size_t count) {
  std::vector<float> sum = Contribution(group[0], count);
  for (std::size_t i = 1; i < group.size(); ++i) {
    const std::vector<float> next = Contribution(group[i], count);
    for (std::size_t k = 0; k < count; ++k) sum[k] = sum[k] + next[k];
  }
  return sum;
}

inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// All ranks, all in reverse, all but the first, the even ones, each alone.
inline std::vector<std::vector<int>> Groups(int size) {
  std::vector<int> all(static_cast<std::size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  std::vector<int> even;
  for (int rank = 0; rank < size; rank += 2) even.push_back(rank);
  std::vector<std::vector<int>> groups = {all, {all.rbegin(), all.rend()}, even, {size - 1}};
  if (size > 1) groups.emplace_back(all.begin() + 1, all.end());
  return groups;
}

inline int IndexIn(const std::vector<int>& group, int rank) {
  const auto found = std::find(group.begin(), group.end(), rank);
  return found == group.end() ? -1 : static_cast<int>(found - group.begin());
}

/// Calls of one test, numbered alike on all ranks.
inline CollectiveCall Call(Transport& transport, const std::vector<int>& group, std::uint64_t step,
                           std::uint32_t channel = 1) {
  return {.transport = &transport,
          .group = group,
          .tag = Tag(channel, step),
          .deadline = Soon(),
          .phase = "test"};
}

struct Sent {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  bool operator==(const Sent&) const = default;
};

inline void PrintTo(const Sent& sent, std::ostream* out) {
  *out << sent.bytes << " bytes in " << sent.messages << " messages";
}

inline Sent SentSoFar(const Transport& transport) {
  const Traffic& traffic = transport.traffic();
  return {std::accumulate(traffic.bytes_sent.begin(), traffic.bytes_sent.end(), std::uint64_t{0}),
          std::accumulate(traffic.messages_sent.begin(), traffic.messages_sent.end(),
                          std::uint64_t{0})};
}

inline Sent operator-(const Sent& a, const Sent& b) {
  return {a.bytes - b.bytes, a.messages - b.messages};
}

TEST_P(CollectiveContract, AllReduceEqualsTheSequentialSumToTheBitAndSendsWhatVolumePredicts) {
  GetParam().run([](Transport& transport) {
    AllReduce all_reduce;  // one object for all: its scratch must not remember
    std::uint64_t step = 0;
    // Empty, tiny, around the border to slices, around one and several chunks a slice.
    for (const std::size_t count : {0U, 1U, 7U, 4095U, 4096U, 4097U, 65537U, 150001U}) {
      for (const std::vector<int>& group : Groups(transport.size())) {
        ++step;
        const int index = IndexIn(group, transport.rank());
        if (index < 0) continue;
        const int size = static_cast<int>(group.size());
        std::vector<float> data = Contribution(transport.rank(), count);
        const Sent before = SentSoFar(transport);
        ASSERT_OK(all_reduce.Start(Call(transport, group, step), data));
        ASSERT_OK(WaitAll({&all_reduce}));
        EXPECT_TRUE(SameBits(data, SequentialSum(group, count)))
            << count << " numbers over " << size << " ranks";
        const Sent expected = {AllReduceBytesSent(size, index, count * sizeof(float)),
                               AllReduceMessagesSent(size, index, count * sizeof(float))};
        EXPECT_EQ(SentSoFar(transport) - before, expected) << count << " over " << size;
      }
    }
  });
}

TEST_P(CollectiveContract, ShortAndLongAllReduceGiveTheSameBits) {
  GetParam().run([](Transport& transport) {
    // The same numbers as the head of a vector that goes by slices and as a vector of their own.
    const std::vector<int> group = Groups(transport.size())[0];
    std::vector<float> longer = Contribution(transport.rank(), 100000);
    std::vector<float> shorter(longer.begin(), longer.begin() + 4096);
    AllReduce first;
    AllReduce second;
    ASSERT_OK(first.Start(Call(transport, group, 1, 1), longer));
    ASSERT_OK(second.Start(Call(transport, group, 1, 2), shorter));
    ASSERT_OK(WaitAll({&first, &second}));
    longer.resize(4096);
    EXPECT_TRUE(SameBits(longer, shorter));
  });
}

TEST_P(CollectiveContract, TwoChannelsAreInFlightAtOnceInAnyOrderOfStarting) {
  GetParam().run([](Transport& transport) {
    const std::vector<int> group = Groups(transport.size())[0];
    AllReduce one;
    AllReduce two;
    for (std::uint64_t step = 1; step <= 10; ++step) {
      std::vector<float> a = Contribution(transport.rank(), 50000 + step);
      std::vector<float> b = Contribution(transport.rank(), 10 * step);
      const auto start_one = [&] { return one.Start(Call(transport, group, step, 1), a); };
      const auto start_two = [&] { return two.Start(Call(transport, group, step, 2), b); };
      // Odd and even ranks start them the other way round.
      if (transport.rank() % 2 == 0) {
        ASSERT_OK(start_one());
        ASSERT_OK(start_two());
      } else {
        ASSERT_OK(start_two());
        ASSERT_OK(start_one());
      }
      ASSERT_OK(WaitAll({&two, &one}));
      EXPECT_TRUE(SameBits(a, SequentialSum(group, 50000 + step)));
      EXPECT_TRUE(SameBits(b, SequentialSum(group, 10 * step)));
    }
  });
}

/// Block sizes that differ, some empty, some longer than a chunk.
inline std::vector<std::size_t> UnevenBlocks(std::size_t size, std::size_t variant) {
  const std::vector<std::size_t> sizes = {0, 5, 300001, 8192, 1, 131072, 0, 131073};
  std::vector<std::size_t> blocks(size);
  for (std::size_t i = 0; i < size; ++i) blocks[i] = sizes[(i + variant) % sizes.size()];
  return blocks;
}

/// What a gather over `group` must give.
inline std::vector<std::byte> GatheredBlocks(const std::vector<int>& group,
                                             const std::vector<std::size_t>& blocks) {
  std::vector<std::byte> all;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const auto block = Filled(blocks[i], static_cast<std::uint8_t>(group[i] + 1));
    all.insert(all.end(), block.begin(), block.end());
  }
  return all;
}

TEST_P(CollectiveContract, AllGatherBringsUnevenBlocksToEveryoneAndSendsWhatVolumePredicts) {
  GetParam().run([](Transport& transport) {
    AllGather all_gather;
    std::uint64_t step = 0;
    for (std::size_t variant = 0; variant < 8; ++variant) {
      for (const std::vector<int>& group : Groups(transport.size())) {
        ++step;
        const int index = IndexIn(group, transport.rank());
        if (index < 0) continue;
        const auto blocks = UnevenBlocks(group.size(), variant);
        const std::vector<std::byte> expected = GatheredBlocks(group, blocks);
        const std::size_t offset =
            std::accumulate(blocks.begin(), blocks.begin() + index, std::size_t{0});
        const std::size_t mine = blocks[static_cast<std::size_t>(index)];
        std::vector<std::byte> all(expected.size());
        std::copy_n(expected.begin() + static_cast<std::ptrdiff_t>(offset), mine,
                    all.begin() + static_cast<std::ptrdiff_t>(offset));
        const Sent before = SentSoFar(transport);
        ASSERT_OK(all_gather.Start(Call(transport, group, step), blocks, all));
        ASSERT_OK(WaitAll({&all_gather}));
        EXPECT_EQ(all, expected);
        const int size = static_cast<int>(group.size());
        EXPECT_EQ(SentSoFar(transport) - before,
                  (Sent{AllGatherBytesSent(size, mine), AllGatherMessagesSent(size, mine)}));
      }
    }
  });
}

TEST_P(CollectiveContract, GatherBringsUnevenBlocksToTheRootAndSendsWhatVolumePredicts) {
  GetParam().run([](Transport& transport) {
    Gather gather;
    std::uint64_t step = 0;
    for (std::size_t variant = 0; variant < 8; ++variant) {
      for (const std::vector<int>& group : Groups(transport.size())) {
        ++step;
        const int index = IndexIn(group, transport.rank());
        if (index < 0) continue;
        const int root = static_cast<int>(variant % group.size());
        const auto blocks = UnevenBlocks(group.size(), variant);
        const auto mine = Filled(blocks[static_cast<std::size_t>(index)],
                                 static_cast<std::uint8_t>(transport.rank() + 1));
        const std::vector<std::byte> expected = GatheredBlocks(group, blocks);
        std::vector<std::byte> all(index == root ? expected.size() : 0);
        const Sent before = SentSoFar(transport);
        ASSERT_OK(
            gather.Start(Call(transport, group, step),
                         {.root_index = root, .block_bytes = blocks, .mine = mine, .all = all}));
        ASSERT_OK(WaitAll({&gather}));
        if (index == root) {
          EXPECT_EQ(all, expected);
        }
        EXPECT_EQ(SentSoFar(transport) - before,
                  (Sent{GatherBytesSent(index, root, mine.size()),
                        GatherMessagesSent(index, root, mine.size())}));
      }
    }
  });
}

TEST_P(CollectiveContract, BroadcastGivesAllTheRootsBytesAndSendsWhatVolumePredicts) {
  GetParam().run([](Transport& transport) {
    Broadcast broadcast;
    std::uint64_t step = 0;
    for (const std::size_t bytes : {0U, 1U, 8192U, 8193U, 131072U, 400000U}) {
      for (const std::vector<int>& group : Groups(transport.size())) {
        ++step;
        const int index = IndexIn(group, transport.rank());
        if (index < 0) continue;
        const BroadcastShape shape = {.size = static_cast<int>(group.size()),
                                      .root_index = static_cast<int>(step % group.size()),
                                      .bytes = bytes};
        const std::vector<std::byte> expected = Filled(bytes, 77);
        std::vector<std::byte> data =
            index == shape.root_index ? expected : std::vector<std::byte>(bytes);
        const Sent before = SentSoFar(transport);
        ASSERT_OK(broadcast.Start(Call(transport, group, step), shape.root_index, data));
        ASSERT_OK(WaitAll({&broadcast}));
        EXPECT_EQ(data, expected);
        EXPECT_EQ(SentSoFar(transport) - before,
                  (Sent{BroadcastBytesSent(shape, index), BroadcastMessagesSent(shape, index)}));
      }
    }
  });
}

TEST_P(CollectiveContract, TransferMovesABufferBetweenNeighbours) {
  GetParam().run([](Transport& transport) {
    // A line of ranks, each passing on what it got and one byte more.
    const int rank = transport.rank();
    Transfer receive;
    Transfer send;
    for (const std::size_t bytes : {0U, 3U, 20000U, 500000U}) {
      std::vector<std::byte> data = Filled(bytes, 9);
      if (rank > 0) {
        std::fill(data.begin(), data.end(), std::byte{0});
        const std::vector<int> pair = {rank - 1, rank};
        ASSERT_OK(receive.StartReceive(Call(transport, pair, bytes), data));
        ASSERT_OK(WaitAll({&receive}));
        EXPECT_EQ(data, Filled(bytes, 9));
      }
      if (rank + 1 < transport.size()) {
        const std::vector<int> pair = {rank, rank + 1};
        ASSERT_OK(send.StartSend(Call(transport, pair, bytes), data));
        ASSERT_OK(WaitAll({&send}));
      }
    }
  });
}

TEST_P(CollectiveContract, BarrierHoldsEveryoneUntilTheLastHasCome) {
  GetParam().run([](Transport& transport) {
    const std::vector<int> group = Groups(transport.size())[0];
    const int last = transport.size() - 1;
    Barrier barrier;
    if (transport.rank() != last) {
      ASSERT_OK(barrier.Start(Call(transport, group, 1)));
      for (int poll = 0; poll < 100; ++poll) {
        const Result<bool> done = barrier.Poll();
        ASSERT_TRUE(done.ok()) << done.error().ToString();
        EXPECT_FALSE(*done);
      }
      // Only now the last rank may come.
      Exchange polled(transport);
      polled.Send(last, Tag(2, 1), {});
      ASSERT_OK(polled.Finish());
    } else {
      Exchange polled(transport);
      polled.ReceiveFromAll(Tag(2, 1), 0);
      ASSERT_OK(polled.Finish());
      ASSERT_OK(barrier.Start(Call(transport, group, 1)));
    }
    ASSERT_OK(WaitAll({&barrier}));
    const std::uint64_t others = transport.rank() != last ? 1 : 0;
    EXPECT_EQ(SentSoFar(transport).messages, BarrierMessagesSent(transport.size()) + others);
  });
}

TEST_P(CollectiveContract, RefusesGroupsThatAreNone) {
  GetParam().run([](Transport& transport) {
    Barrier barrier;
    const int me = transport.rank();
    const std::vector<std::vector<int>> wrong = {
        {}, {me, me}, {me, transport.size()}, {me, -1}, {(me + 1) % (transport.size() + 1)}};
    for (const std::vector<int>& group : wrong) {
      const Status status = barrier.Start(Call(transport, group, 1));
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    }
    Gather gather;
    const std::vector<int> alone = {me};
    const std::vector<std::size_t> two_blocks = {1, 1};
    GatherBuffers buffers;
    buffers.block_bytes = two_blocks;
    EXPECT_EQ(gather.Start(Call(transport, alone, 1), buffers).code(),
              StatusCode::kInvalidArgument);
    buffers.root_index = 1;
    EXPECT_EQ(gather.Start(Call(transport, alone, 1), buffers).code(),
              StatusCode::kInvalidArgument);
  });
}

}  // namespace braid
