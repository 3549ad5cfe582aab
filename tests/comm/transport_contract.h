#pragma once

#include "comm/collectives/wait.h"
#include "comm/transport.h"
#include "tests/comm/messages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

/// What every transport must do. A backend's test includes this once and instantiates
/// TransportContract (and CollectiveContract) with a way to run ranks.
namespace braid {

/// A job to test in: runs `body` on all its ranks and closes their transports in order.
struct RankWorld {
  std::string name;
  std::function<void(const std::function<void(Transport&)>& body)> run;
};

inline void PrintTo(const RankWorld& world, std::ostream* out) { *out << world.name; }

class TransportContract : public testing::TestWithParam<RankWorld> {};

TEST_P(TransportContract, KeepsTheOrderOfMessagesOnAChannel) {
  GetParam().run([](Transport& transport) {
    // Short and long messages by turns, each filled with its number.
    const auto bytes_of = [](std::uint64_t k) { return k % 3 == 0 ? 20000U : 8U; };
    Exchange exchange(transport);
    for (std::uint64_t k = 0; k < 30; ++k) {
      exchange.SendToAll(Tag(1, k), Filled(bytes_of(k), static_cast<std::uint8_t>(k)));
      exchange.ReceiveFromAll(Tag(1, k), bytes_of(k));
    }
    ASSERT_OK(exchange.Finish());
    for (const Exchange::Received& received : exchange.received()) {
      const auto k = received.tag.step;
      EXPECT_EQ(received.data, Filled(bytes_of(k), static_cast<std::uint8_t>(k)));
    }
  });
}

TEST_P(TransportContract, LetsOneChannelWaitWhileAnotherMoves) {
  GetParam().run([](Transport& transport) {
    // Sent on channel 1 first, received on channel 2 first: the first must not be in the way.
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{100000}}) {
      Exchange first(transport);
      Exchange second(transport);
      first.SendToAll(Tag(1, 7), Filled(bytes, 1));
      second.SendToAll(Tag(2, 9), Filled(bytes, 2));
      second.ReceiveFromAll(Tag(2, 9), bytes);
      ASSERT_OK(second.Finish());
      first.ReceiveFromAll(Tag(1, 7), bytes);
      ASSERT_OK(first.Finish());
      for (const auto& received : first.received()) EXPECT_EQ(received.data, Filled(bytes, 1));
      for (const auto& received : second.received()) EXPECT_EQ(received.data, Filled(bytes, 2));
    }
  });
}

TEST_P(TransportContract, CarriesMessagesOfZeroBytes) {
  GetParam().run([](Transport& transport) {
    Exchange exchange(transport);
    exchange.ReceiveFromAll(Tag(1, 1), 0);
    exchange.SendToAll(Tag(1, 1), {});
    ASSERT_OK(exchange.Finish());
    const Traffic& traffic = transport.traffic();
    for (int peer = 0; peer < transport.size(); ++peer) {
      const auto p = static_cast<std::size_t>(peer);
      EXPECT_EQ(traffic.bytes_sent[p], 0U);
      EXPECT_EQ(traffic.messages_sent[p], peer == transport.rank() ? 0U : 1U);
      EXPECT_EQ(traffic.messages_received[p], peer == transport.rank() ? 0U : 1U);
    }
  });
}

TEST_P(TransportContract, CarriesMessagesOfManySizes) {
  GetParam().run([](Transport& transport) {
    Exchange exchange(transport);
    // Around the borders between copying and zero-copy of the transports that there are.
    const std::vector<std::size_t> sizes = {1,    31,   32,    4063,  4064,  4096,  8191,
                                            8192, 8193, 16383, 16384, 16385, 65536, 300003};
    std::uint64_t step = 0;
    for (const std::size_t bytes : sizes) {
      ++step;
      exchange.SendToAll(Tag(1, step), Filled(bytes, static_cast<std::uint8_t>(step)));
      exchange.ReceiveFromAll(Tag(1, step), bytes);
    }
    ASSERT_OK(exchange.Finish());
    for (const auto& received : exchange.received()) {
      EXPECT_EQ(received.data,
                Filled(received.data.size(), static_cast<std::uint8_t>(received.tag.step)));
    }
  });
}

TEST_P(TransportContract, CarriesSixteenMebibytesBothWaysAtOnce) {
  GetParam().run([](Transport& transport) {
    constexpr std::size_t kBytes = 16U << 20U;
    if (transport.size() > 1 && transport.rank() < 2) {
      const int peer = 1 - transport.rank();
      Exchange exchange(transport);
      exchange.Send(peer, Tag(1, 1), Filled(kBytes, static_cast<std::uint8_t>(transport.rank())));
      exchange.Receive(peer, Tag(1, 1), kBytes);
      ASSERT_OK(exchange.Finish());
      EXPECT_EQ(exchange.received()[0].data, Filled(kBytes, static_cast<std::uint8_t>(peer)));
    }
  });
}

TEST_P(TransportContract, HasManyMessagesInFlight) {
  GetParam().run([](Transport& transport) {
    Exchange exchange(transport);
    for (std::uint64_t k = 0; k < 500; ++k) {
      exchange.ReceiveFromAll(Tag(static_cast<std::uint32_t>(1 + k % 3), k), 64);
    }
    for (std::uint64_t k = 0; k < 500; ++k) {
      exchange.SendToAll(Tag(static_cast<std::uint32_t>(1 + k % 3), k),
                         Filled(64, static_cast<std::uint8_t>(k)));
    }
    ASSERT_OK(exchange.Finish());
    for (const auto& received : exchange.received()) {
      EXPECT_EQ(received.data, Filled(64, static_cast<std::uint8_t>(received.tag.step)));
    }
  });
}

TEST_P(TransportContract, CountsPayloadBytesAndMessagesPerPeer) {
  GetParam().run([](Transport& transport) {
    Exchange exchange(transport);
    exchange.SendToAll(Tag(1, 1), Filled(10, 0));
    exchange.SendToAll(Tag(1, 2), Filled(100000, 0));
    exchange.ReceiveFromAll(Tag(1, 1), 10);
    exchange.ReceiveFromAll(Tag(1, 2), 100000);
    ASSERT_OK(exchange.Finish());
    const Traffic& traffic = transport.traffic();
    for (int peer = 0; peer < transport.size(); ++peer) {
      const auto p = static_cast<std::size_t>(peer);
      const std::uint64_t expected = peer == transport.rank() ? 0 : 100010;
      EXPECT_EQ(traffic.bytes_sent[p], expected);
      EXPECT_EQ(traffic.bytes_received[p], expected);
      EXPECT_EQ(traffic.messages_sent[p], peer == transport.rank() ? 0U : 2U);
      EXPECT_EQ(traffic.messages_received[p], peer == transport.rank() ? 0U : 2U);
    }
  });
}

TEST_P(TransportContract, RefusesPeersThatAreNone) {
  GetParam().run([](Transport& transport) {
    for (const int peer : {-1, transport.size(), transport.rank()}) {
      const Result<Ticket> sent = transport.Send(peer, Tag(1, 1), {});
      ASSERT_FALSE(sent.ok());
      EXPECT_EQ(sent.error().code(), StatusCode::kInvalidArgument);
      EXPECT_FALSE(transport.Receive(peer, Tag(1, 1), {}).ok());
    }
  });
}

TEST_P(TransportContract, KnowsTheHostOfEveryRankAndIsHealthy) {
  GetParam().run([](Transport& transport) {
    for (int peer = 0; peer < transport.size(); ++peer) EXPECT_NE(transport.host(peer), "");
    EXPECT_TRUE(transport.Health().ok());
  });
}

TEST_P(TransportContract, AnswersATicketThatIsGoneWithAnError) {
  GetParam().run([](Transport& transport) {
    const Result<bool> answer = transport.Test(Ticket{.index = 12345});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), StatusCode::kInternal);
  });
}

}  // namespace braid
