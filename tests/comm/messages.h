#pragma once

#include "base/status.h"
#include "comm/collectives/wait.h"
#include "comm/transport.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#define ASSERT_OK(expression)                                            \
  do {                                                                   \
    const ::braid::Status assert_ok_status_ = (expression);              \
    ASSERT_TRUE(assert_ok_status_.ok()) << assert_ok_status_.ToString(); \
  } while (false)

#define EXPECT_OK(expression)                                            \
  do {                                                                   \
    const ::braid::Status expect_ok_status_ = (expression);              \
    EXPECT_TRUE(expect_ok_status_.ok()) << expect_ok_status_.ToString(); \
  } while (false)

namespace braid {

inline Deadline In(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Far enough for a loaded machine; a test that reaches it has failed.
inline Deadline Soon() { return In(std::chrono::seconds(40)); }

inline MessageTag Tag(std::uint32_t channel, std::uint64_t step) {
  return {.channel = channel, .operation = 3, .step = step};
}

inline std::vector<std::byte> Filled(std::size_t bytes, std::uint8_t value) {
  std::vector<std::byte> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(value + i * 7);
  return data;
}

/// Messages of one rank to and from others, and their buffers, until all of them are through.
class Exchange {
 public:
  struct Received {
    int peer;
    MessageTag tag;
    std::vector<std::byte> data;
  };

  explicit Exchange(Transport& transport) : transport_(transport) {}

  void Send(int peer, const MessageTag& tag, std::vector<std::byte> data) {
    const std::vector<std::byte>& kept = sent_.emplace_back(std::move(data));
    Keep(transport_.Send(peer, tag, kept));
  }
  void Receive(int peer, const MessageTag& tag, std::size_t bytes) {
    Received& kept = received_.emplace_back(Received{peer, tag, std::vector<std::byte>(bytes)});
    Keep(transport_.Receive(peer, tag, kept.data));
  }
  void SendToAll(const MessageTag& tag, const std::vector<std::byte>& data) {
    for (int peer = 0; peer < transport_.size(); ++peer) {
      if (peer != transport_.rank()) Send(peer, tag, data);
    }
  }
  void ReceiveFromAll(const MessageTag& tag, std::size_t bytes) {
    for (int peer = 0; peer < transport_.size(); ++peer) {
      if (peer != transport_.rank()) Receive(peer, tag, bytes);
    }
  }
  Status Finish() {
    RETURN_IF_ERROR(start_);
    for (const Ticket ticket : tickets_) RETURN_IF_ERROR(Wait(transport_, ticket, Soon()));
    tickets_.clear();
    return Status();
  }
  const std::deque<Received>& received() const { return received_; }

 private:
  void Keep(const Result<Ticket>& started) {
    if (started.ok()) {
      tickets_.push_back(*started);
    } else if (start_.ok()) {
      start_ = started.error();
    }
  }

  Transport& transport_;
  std::deque<std::vector<std::byte>> sent_;
  std::deque<Received> received_;
  std::vector<Ticket> tickets_;
  Status start_;
};

}  // namespace braid
