#include "planner/cost/builtin_models.h"
#include "planner/sim/report/request_csv.h"
#include "planner/sim/report/summary_json.h"
#include "planner/sim/simulation/simulation.h"
#include "tests/planner/simulation/test_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace braid {
namespace {

constexpr const char* kPinnedFile = BRAID_SOURCE_DIR "/tests/planner/simulation/pinned_csv.txt";

SimulationSpec SpecOf(const std::string& policy, WorkloadSpec workload, std::int64_t kv_slots) {
  SimulationSpec spec;
  const Result<Profile> profile = BuiltinProfile("a800-80gb");
  const Result<ModelSpec> model = BuiltinModel("lwm-7b");
  EXPECT_TRUE(profile.ok() && model.ok());
  spec.profile = *profile;
  spec.model = *model;
  spec.cluster.kv_slots = kv_slots;
  spec.workload = std::move(workload);
  spec.policy.name = policy;
  return spec;
}

struct Output {
  std::string csv;
  std::string json;
};

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Output RunToFiles(const SimulationSpec& spec) {
  const std::string path = ::testing::TempDir() + "/determinism_" + spec.policy.name + "_" +
                           std::to_string(::getpid()) + ".csv";
  Output output;
  Result<RequestCsv> csv = RequestCsv::Make(path, spec.slo);
  EXPECT_TRUE(csv.ok()) << csv.status().ToString();
  if (!csv.ok()) return output;
  const Result<SimulationResult> result = Simulate(spec, &*csv);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_TRUE(csv->Close().ok());
  output.csv = ContentOf(path);
  std::remove(path.c_str());
  if (result.ok()) {
    const NamedSummary summary = {spec.policy.name, result->summary};
    output.json = SummaryJson({&summary, 1});
  }
  return output;
}

/// FNV-1a, 64 bits.
std::uint64_t HashOf(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : text) {
    hash ^= static_cast<std::uint8_t>(byte);
    hash *= 0x100000001b3U;
  }
  return hash;
}

/// One string for what a policy does on three kinds of traffic.
std::string HistoryOf(const std::string& policy) {
  return RunToFiles(SpecOf(policy, NamedTraffic("zipf-1.2", 2, 150), 0)).csv +
         RunToFiles(SpecOf(policy, NamedTraffic("short-beside-long", 4, 150), 0)).csv +
         RunToFiles(SpecOf(policy, UniformTraffic(8'000, 400, 3, 80), 12'000)).csv;
}

TEST(Determinism, GivesTheSameBytesTwice) {
  for (const std::string& policy : PolicyNames()) {
    const SimulationSpec spec = SpecOf(policy, NamedTraffic("zipf-1.0", 2, 100), 0);
    const Output first = RunToFiles(spec);
    const Output second = RunToFiles(spec);
    EXPECT_GT(first.csv.size(), 100U * 50U) << policy;
    EXPECT_EQ(first.csv, second.csv) << policy;
    EXPECT_EQ(first.json, second.json) << policy;
  }
}

TEST(Determinism, GivesOtherBytesForAnotherSeed) {
  SimulationSpec spec = SpecOf("braid", NamedTraffic("zipf-1.0", 2, 50), 0);
  const std::string first = RunToFiles(spec).csv;
  spec.workload.seed = 1;
  EXPECT_NE(first, RunToFiles(spec).csv);
}

/// The hashes hold for every compiler, level of optimisation and x86-64 machine. Where a policy is
/// meant to decide otherwise than before, write them anew and say so in the commit:
///   BRAID_REPIN=1 simulation_tests --gtest_filter=Determinism.*
TEST(Determinism, GivesTheBytesThatAreWrittenDown) {
  std::map<std::string, std::uint64_t> hashes;
  for (const std::string& policy : PolicyNames()) hashes[policy] = HashOf(HistoryOf(policy));
  if (std::getenv("BRAID_REPIN") != nullptr) {
    std::ofstream file(kPinnedFile);
    for (const auto& [policy, hash] : hashes) file << policy << ' ' << hash << '\n';
    EXPECT_TRUE(file.flush().good());
  }
  std::map<std::string, std::uint64_t> pinned;
  std::ifstream file(kPinnedFile);
  std::string policy;
  for (std::uint64_t hash = 0; file >> policy >> hash;) pinned[policy] = hash;
  for (const auto& [name, hash] : hashes) {
    EXPECT_EQ(hash, pinned[name])
        << name << " decides otherwise than written down. If that is meant, run\n"
        << "  BRAID_REPIN=1 simulation_tests --gtest_filter=Determinism.*";
  }
  EXPECT_EQ(pinned.size(), hashes.size()) << "write them anew: a policy came or went";
}

}  // namespace
}  // namespace braid
