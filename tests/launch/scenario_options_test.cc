#include "launch/scenario_options.h"

#include "launch/config_file.h"
#include "launch/length_text.h"
#include "launch/read_options.h"
#include "launch/simulate_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ScenarioOptionsTest : public testing::Test {
 protected:
  Status Apply(std::string_view text) { return ApplyConfigText(text, "s.yaml", table_); }
  Status Flags(const std::vector<std::string>& arguments) {
    const CommandSyntax syntax{.name = "simulate", .summary = ""};
    return ReadOptions(syntax, table_, arguments,
                       [](const std::string&) { return std::optional<std::string>(); })
        .status();
  }

  SimulateOptions options_;
  OptionTable table_ = TableOf(options_);
  SimulationSpec& spec_ = options_.scenario.spec;
};

TEST_F(ScenarioOptionsTest, ReadsAllSectionsOfAFile) {
  ASSERT_TRUE(Apply("model: llama-3-8b\n"
                    "cluster: {profile: h100-80gb, devices: 4, tp: 1, nodes: 2}\n"
                    "workload:\n  source: mixed\n  rate: 2.5\n  seed: 7\n"
                    "policy:\n  name: [loongserve, braid]\n  chunking: false\n  chunk: 0.25\n"
                    "slo:\n  tpot: 0.1\nfind-goodput: false\n")
                  .ok());
  EXPECT_EQ(options_.scenario.model, "llama-3-8b");
  EXPECT_EQ(spec_.cluster.profile, "h100-80gb");
  EXPECT_EQ(spec_.cluster.num_instances(), 8);
  EXPECT_EQ(options_.scenario.source, "mixed");
  EXPECT_EQ(spec_.workload.rate, 2.5);
  EXPECT_EQ(spec_.workload.seed, 7U);
  EXPECT_THAT(options_.scenario.policies, ElementsAre("loongserve", "braid"));
  EXPECT_FALSE(spec_.policy.chunking);
  EXPECT_EQ(spec_.policy.chunk_ns, 250'000'000);
  EXPECT_EQ(spec_.slo.tpot_limit_ns, 100'000'000);
  EXPECT_EQ(DescribeOrigin(table_.Find("rate")->origin), "s.yaml:5");
}

TEST_F(ScenarioOptionsTest, TakesAShortFormForAWholeSection) {
  ASSERT_TRUE(Apply("cluster: a100-80gb:4:tp2:nodes3:kv5000\nworkload: zipf-1.4\npolicy: replicas\n"
                    "slo: ttft=5,attainment=0.95\n")
                  .ok());
  EXPECT_EQ(spec_.cluster, (ClusterSpec{.profile = "a100-80gb",
                                        .num_nodes = 3,
                                        .devices_per_node = 4,
                                        .tensor_size = 2,
                                        .kv_slots = 5000}));
  EXPECT_EQ(options_.scenario.source, "zipf-1.4");
  EXPECT_THAT(options_.scenario.policies, ElementsAre("replicas"));
  EXPECT_EQ(spec_.slo.ttft_limit_ns, 5'000'000'000);
  EXPECT_EQ(spec_.slo.attainment, 0.95);
}

TEST_F(ScenarioOptionsTest, ReadsAMixtureOfClasses) {
  ASSERT_TRUE(Apply("workload:\n  classes:\n    - {weight: 3, prompt: 100, output: uniform:5:9}\n"
                    "    - {prompt: \"zipf:1.2:10:1000\", output: log-normal:50:0.5:1:90}\n")
                  .ok());
  const std::vector<TrafficClass>& classes = spec_.workload.classes;
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[0].weight, 3);
  EXPECT_EQ(classes[0].prompt.min, 100);
  EXPECT_EQ(classes[0].output, (LengthSpec{.kind = LengthKind::kUniform, .min = 5, .max = 9}));
  EXPECT_EQ(classes[1].weight, 1);
  EXPECT_EQ(LengthText(classes[1].prompt), "zipf:1.2:10:1000");
  EXPECT_EQ(LengthText(classes[1].output), "log-normal:50:0.5:1:90");
}

TEST_F(ScenarioOptionsTest, ReportsAllThatIsWrongWithLineAndColumn) {
  const std::string message = Apply(
                                  "cluster: {profil: x, tp: two}\n"
                                  "workload:\n  rate: -1\n  tp: 2\n  classes:\n"
                                  "    - {weight: 1, prompt: uniform:10, output: 5}\n    - 7\n"
                                  "polcy: braid\npolicy: [braid, nobody]\n"
                                  "slo: ttft=5,tpt=1\n")
                                  .message();
  EXPECT_THAT(message, HasSubstr("s.yaml:1:11: unknown key 'profil' in section 'cluster' (did you "
                                 "mean 'profile'?)"));
  EXPECT_THAT(message, HasSubstr("s.yaml:1:26: cluster.tp must be an integer from 1 to 64, not "
                                 "'two'"));
  EXPECT_THAT(message, HasSubstr("s.yaml:3:9: workload.rate must be"));
  EXPECT_THAT(message, HasSubstr("s.yaml:4:3: unknown key 'tp' in section 'workload' (it stands in "
                                 "the section 'cluster')"));
  EXPECT_THAT(message, HasSubstr("s.yaml:6:27: workload.classes[0].prompt must be"));
  EXPECT_THAT(message, HasSubstr("s.yaml:7:7: workload.classes[1] must be a mapping"));
  EXPECT_THAT(message, HasSubstr("s.yaml:8:1: unknown key 'polcy' (did you mean 'policy'?)"));
  EXPECT_THAT(message, HasSubstr("s.yaml:9:9: policy.name must be one or several of braid"));
  EXPECT_THAT(message, AllOf(HasSubstr("s.yaml:10:6: slo must be"), HasSubstr("'tpot'")));
}

TEST_F(ScenarioOptionsTest, RefusesEntriesThatAreNone) {
  EXPECT_THAT(Apply("workload: {classes: 5}\n").message(), HasSubstr("s.yaml:1:21"));
  EXPECT_THAT(Apply("workload: {classes: []}\n").message(), HasSubstr("a sequence of at most"));
  EXPECT_THAT(Apply("workload: {classes: [{wait: 1}]}\n").message(),
              HasSubstr("unknown key 'wait'"));
}

TEST_F(ScenarioOptionsTest, RefusesAShortFormThatSaysOneThingTwice) {
  EXPECT_THAT(Flags({"--cluster", "a800-80gb:tp2:tp4"}).message(), HasSubstr("one thing twice"));
  EXPECT_THAT(Flags({"--cluster", "a800-80gb:8:x2"}).message(), HasSubstr("--cluster must be"));
  EXPECT_THAT(Flags({"--cluster", "a800-80gb:0"}).message(), HasSubstr("devices must be"));
}

TEST_F(ScenarioOptionsTest, LetsAFlagForOneThingWinOverAShortForm) {
  ASSERT_TRUE(Flags({"--tp", "4", "--cluster", "a800-80gb:8:tp2"}).ok());
  EXPECT_EQ(spec_.cluster.tensor_size, 4);
}

TEST_F(ScenarioOptionsTest, SwitchesEachMechanismOffByAFlag) {
  ASSERT_TRUE(Flags({"--no-packing", "--no-strands", "--round-robin"}).ok());
  EXPECT_FALSE(spec_.policy.packing);
  EXPECT_FALSE(spec_.policy.strands);
  EXPECT_TRUE(spec_.policy.round_robin);
  EXPECT_THAT(Flags({"--no-packin"}).message(), HasSubstr("--no-packing"));
  EXPECT_FALSE(Flags({"--no-round-robin"}).ok());
}

TEST_F(ScenarioOptionsTest, PrintsWhatItReadsBack) {
  ASSERT_TRUE(Flags({"--cluster", "h200-141gb:8:tp4", "--rate", "0.3", "--policy", "braid,liger",
                     "--no-headroom", "--slo", "tpot=0.0123"})
                  .ok());
  ASSERT_TRUE(Apply("workload: {classes: [{weight: 2, prompt: 7, output: uniform:1:3}]}\n").ok());
  const std::string printed = PrintConfig(table_);
  SimulateOptions again;
  OptionTable table = TableOf(again);
  const Status status = ApplyConfigText(printed, "printed.yaml", table);
  ASSERT_TRUE(status.ok()) << status.message() << '\n' << printed;
  EXPECT_EQ(again.scenario.spec.cluster, spec_.cluster);
  EXPECT_EQ(again.scenario.spec.workload, spec_.workload);
  EXPECT_EQ(again.scenario.policies, options_.scenario.policies);
  EXPECT_FALSE(again.scenario.spec.policy.headroom);
  EXPECT_EQ(again.scenario.spec.slo.tpot_limit_ns, 12'300'000);
}

TEST(LengthText, RefusesWhatIsNoLength) {
  for (const char* text : {"", "0", "-5", "1.5", "uniform", "uniform:5", "uniform:9:5", "zipf:1:2",
                           "zipf:x:1:2", "log-normal:1:2:3", "normal:1:2:3:4", "1:2", "99999999999",
                           "uniform:1:2:3", "zipf:nan:1:5"}) {
    EXPECT_FALSE(ParseLength(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace braid
