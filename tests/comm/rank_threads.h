#pragma once

#include "comm/inproc/inproc_world.h"
#include "tests/comm/messages.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace braid {

/// Runs `body` as `size` ranks that are threads; each owns its transport and may destroy it.
inline void RunRankThreads(int size, const std::function<void(std::unique_ptr<Transport>)>& body) {
  InprocWorld world(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&world, &body, rank] {
      Result<std::unique_ptr<Transport>> transport = world.Open(rank);
      ASSERT_TRUE(transport.ok()) << transport.error().ToString();
      body(std::move(*transport));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// The same for a body that succeeds: closes all transports in order.
inline void RunHealthyRankThreads(int size, const std::function<void(Transport&)>& body) {
  RunRankThreads(size, [&body](std::unique_ptr<Transport> transport) {
    body(*transport);
    EXPECT_OK(transport->Close(Soon()));
  });
}

}  // namespace braid
