#include "planner/sim/report/request_csv.h"

#include "tests/planner/report/sample_records.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace braid {
namespace {

std::string CsvOf(const RequestRecord& record) {
  const std::string path = TempPath("requests.csv");
  auto csv = RequestCsv::Make(path, Slo());
  EXPECT_TRUE(csv.ok()) << csv.status().ToString();
  csv->OnFinished(record);
  EXPECT_TRUE(csv->Close().ok());
  const std::string text = ContentOf(path);
  std::filesystem::remove(path);
  return text.substr(text.find('\n') + 1);
}

TEST(RequestCsv, HeaderIsTheOneThatIsDocumented) {
  const std::string path = TempPath("header.csv");
  auto csv = RequestCsv::Make(path, Slo());
  ASSERT_TRUE(csv.ok() && csv->Close().ok());
  EXPECT_EQ(ContentOf(path),
            "id,arrival_ns,prompt_tokens,output_tokens,max_output_tokens,outcome,"
            "first_scheduled_ns,first_token_ns,finish_ns,ttft_ns,tpot_ns,longest_gap_ns,"
            "prefill_degree,decode_degree,num_chunks,num_evictions,ttft_limit_ns,slo_met\n");
  std::filesystem::remove(path);
}

TEST(RequestCsv, WritesARequestInWholeNanoseconds) {
  EXPECT_EQ(CsvOf(FinishedRecord()),
            "7,1000000000,100,11,2048,finished,1040000000,1100000000,1300000000,100000000,"
            "20000000,35000000,4,1,2,0,15000000000,1\n");
}

TEST(RequestCsv, LeavesWhatNeverHappenedEmpty) {
  EXPECT_EQ(CsvOf(UnfinishedRecord(false)),
            "7,1000000000,100,11,2048,unfinished,,,,,,0,0,0,0,0,15000000000,0\n");
  EXPECT_EQ(CsvOf(UnfinishedRecord(true)),
            "7,1000000000,100,11,2048,rejected,,,,,,0,0,0,0,0,15000000000,0\n");
}

}  // namespace
}  // namespace braid
