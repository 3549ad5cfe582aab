#include "comm/mpi/open_mpi.h"
#include "tests/comm/collective_contract.h"
#include "tests/comm/mpi_main.h"
#include "tests/comm/transport_contract.h"

namespace braid {
namespace {

/// A transport of its own for every test; MPI itself is the main function's.
void RunAsThisRank(const std::function<void(Transport&)>& body) {
  Result<std::unique_ptr<Transport>> transport = OpenMpi();
  ASSERT_TRUE(transport.ok()) << transport.error().ToString();
  body(**transport);
  EXPECT_OK((*transport)->Close(Soon()));
}

const auto kWorlds = testing::Values(RankWorld{.name = "AllRanks", .run = RunAsThisRank});

std::string NameOf(const testing::TestParamInfo<RankWorld>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Mpi, TransportContract, kWorlds, NameOf);
INSTANTIATE_TEST_SUITE_P(Mpi, CollectiveContract, kWorlds, NameOf);

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::RunMpiTests(argc, argv); }
