// The two forms that a summary is printed in.

#include "planner/sim/report/metrics.h"
#include "planner/sim/report/summary_json.h"
#include "planner/sim/report/summary_table.h"
#include "tests/planner/report/sample_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace braid {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<NamedSummary> TwoRuns() {
  Metrics metrics(MetricsOptions{});
  metrics.OnFinished(FinishedRecord());
  return {{.name = "braid", .summary = metrics.Summarize()},
          {.name = "chunked-prefill", .summary = Metrics(MetricsOptions{}).Summarize()}};
}

TEST(SummaryJson, KeysComeInTheDocumentedOrder) {
  const auto json = nlohmann::ordered_json::parse(SummaryJson(TwoRuns()));
  std::string keys;
  for (const auto& [key, value] : json["policies"][0].items()) keys += key + " ";
  EXPECT_EQ(keys,
            "policy requests duration_s offered_rate ttft_s tpot_s end_to_end_s per_token_s "
            "input_s output_s longest_gap_s requests_per_s output_tokens_per_s total_tokens_per_s "
            "slo_attainment slo_attainment_worst_decile slo_deciles is_goodput is_decile_goodput "
            "good_requests_per_s compute_utilisation network_utilisation kv_occupancy_mean "
            "kv_occupancy_peak steps scaling_events ");
}

TEST(SummaryJson, HoldsEveryRunWithItsFigures) {
  const auto json = nlohmann::json::parse(SummaryJson(TwoRuns()));
  ASSERT_EQ(json["policies"].size(), 2U);
  EXPECT_EQ(json["policies"][0]["policy"], "braid");
  EXPECT_DOUBLE_EQ(json["policies"][0]["ttft_s"]["p90"].get<double>(), 0.1);
  EXPECT_EQ(json["policies"][0]["requests"]["finished"], 1);
  EXPECT_EQ(json["policies"][0]["slo_deciles"].size(), 10U);
  EXPECT_EQ(json["policies"][0]["scaling_events"]["scale-up"], 0);
  EXPECT_EQ(json["policies"][1]["requests"]["arrived"], 0);
}

TEST(SummaryJson, GoodputAppearsOnceItWasSearched) {
  auto runs = TwoRuns();
  runs[0].summary.goodput_rate = 2.5;
  const auto json = nlohmann::json::parse(SummaryJson(runs));
  EXPECT_EQ(json["policies"][0]["goodput_rate"], 2.5);
  EXPECT_FALSE(json["policies"][1].contains("goodput_rate"));
}

TEST(SummaryJson, SurvivesNamesThatAreNoText) {
  auto runs = TwoRuns();
  runs[0].name = "\xff\"\n";
  EXPECT_TRUE(nlohmann::json::accept(SummaryJson(runs)));
}

TEST(SummaryTable, HasOneColumnForEachRunAndAlignsThem) {
  std::istringstream lines(SummaryTable(TwoRuns()));
  std::string header;
  std::getline(lines, header);
  EXPECT_THAT(header, testing::MatchesRegex(" +braid +chunked-prefill"));
  std::string line;
  while (std::getline(lines, line)) EXPECT_EQ(line.size(), header.size()) << line;
}

TEST(SummaryTable, PrintsFiguresWithTheirUnits) {
  const std::string table = SummaryTable(TwoRuns());
  EXPECT_THAT(table, testing::ContainsRegex("TTFT P90 +100.00 ms +-\n"));
  EXPECT_THAT(table, testing::ContainsRegex("TPOT mean +20.00 ms +-\n"));
  EXPECT_THAT(table, testing::ContainsRegex("SLO met +100.0 % +100.0 %\n"));
  EXPECT_THAT(table, HasSubstr("  length decile 10"));
}

TEST(SummaryTable, LeavesOutRowsThatSayNothing) {
  auto runs = TwoRuns();
  EXPECT_THAT(SummaryTable(runs), Not(HasSubstr("goodput")));
  EXPECT_THAT(SummaryTable(runs), Not(HasSubstr("TTFT long")));
  runs[1].summary.goodput_rate = 3;
  EXPECT_THAT(SummaryTable(runs), testing::ContainsRegex("goodput +- +3.000 /s\n"));
}

}  // namespace
}  // namespace braid
