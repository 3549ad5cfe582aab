#include "tests/comm/collective_contract.h"
#include "tests/comm/rank_threads.h"
#include "tests/comm/transport_contract.h"

namespace braid {
namespace {

RankWorld Threads(int size) {
  return {.name = std::to_string(size) + "Threads",
          .run = [size](const std::function<void(Transport&)>& body) {
            RunHealthyRankThreads(size, body);
          }};
}

std::string NameOf(const testing::TestParamInfo<RankWorld>& info) { return info.param.name; }

const auto kWorlds = testing::Values(Threads(1), Threads(2), Threads(3), Threads(4), Threads(8));

INSTANTIATE_TEST_SUITE_P(Inproc, TransportContract, kWorlds, NameOf);
INSTANTIATE_TEST_SUITE_P(Inproc, CollectiveContract, kWorlds, NameOf);

}  // namespace
}  // namespace braid
