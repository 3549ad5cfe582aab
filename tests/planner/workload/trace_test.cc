#include "planner/sim/workload/trace.h"

#include "planner/sim/workload/trace_row.h"
#include "tests/planner/workload/request_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace braid {
namespace {

using testing::HasSubstr;

const std::string kAzure = std::string(kAzureHeader) + "\n";

std::string MessageFor(const std::string& text, const TraceOptions& options = {}) {
  const auto source = OpenTraceText(text, "t.csv", options);
  EXPECT_EQ(source.status().code(), StatusCode::kInvalidArgument) << text;
  return source.status().message();
}

std::int64_t AzureNs(const std::string& time) {
  TraceRow row;
  const Status status = ParseAzureRow(time + ",1,1", row);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return row.time_ns;
}

TEST(AzureTrace, ReadsLengthsAndTimesFromTheFirstRequestOn) {
  const auto requests = AllOf(OpenTraceText(kAzure + "2023-11-16 18:15:46.6805900,374,44\n"
                                                     "2023-11-16 18:15:50.9951690,396,109\n",
                                            "t.csv", {}));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].arrival_ns, 0);
  EXPECT_EQ(requests[0].prompt_tokens, 374);
  EXPECT_EQ(requests[0].output_tokens, 44);
  EXPECT_EQ(requests[0].max_output_tokens, 2'048);
  EXPECT_EQ(requests[1].id, 1U);
  EXPECT_EQ(requests[1].arrival_ns, 4'314'579'000);
}

TEST(AzureTrace, AcceptsWhatItsEditionsWrite) {
  const auto requests = AllOf(OpenTraceText("\xEF\xBB\xBF" + std::string(kAzureHeader) +
                                                "\r\n2024-05-10 00:00:00.009930+00:00,1,1\r\n"
                                                "2024-05-10 00:00:01+00:00,2,2\r\n\r\n"
                                                "2024-05-10 00:00:02,3,3",
                                            "t.csv", {}));
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].arrival_ns, 990'070'000);
  EXPECT_EQ(requests[2].arrival_ns, 1'990'070'000);
}

TEST(AzureTrace, CountsDaysAsTheCalendarDoes) {
  EXPECT_EQ(AzureNs("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(AzureNs("2000-02-29 00:00:00.000000001"), 951'782'400'000'000'001);
  EXPECT_EQ(AzureNs("2023-11-16 18:15:46"), 1'700'158'546'000'000'000);
  EXPECT_EQ(AzureNs("2199-12-31 23:59:59"), 7'258'118'399'000'000'000);
}

TEST(AzureTrace, RefusesTimesThatAreNone) {
  for (const char* time :
       {"", "2023-11-16", "2023-13-01 00:00:00", "2023-02-29 00:00:00", "2100-02-29 00:00:00",
        "2023-11-16 24:00:00", "2023-11-16 18:15:4", "2023-11-16T18:15:46", "2023-11-16 18:15:46.",
        "2023-11-16 18:15:46.1234567890", "2023-11-16 18:15:46+01:00", "1969-12-31 23:59:59",
        "2023-11-16 18:15:46Z "}) {
    EXPECT_THAT(MessageFor(kAzure + time + ",1,1\n"), HasSubstr("t.csv:2: TIMESTAMP is '")) << time;
  }
}

TEST(AzureTrace, RefusesAbsurdLengthsWithFieldLineAndRange) {
  for (const char* length :
       {"0", "-4", "10000001", "99999999999999999999", "1.5", "", " 7", "+3"}) {
    const std::string text = kAzure + "2023-11-16 18:15:46,1,1\n2023-11-16 18:15:46," + length;
    EXPECT_THAT(MessageFor(text + ",1\n"),
                HasSubstr("t.csv:3: ContextTokens is '" + std::string(length) +
                          "', but a length is a whole number of tokens, 1 .. 10000000"));
  }
  EXPECT_THAT(MessageFor(kAzure + "2023-11-16 18:15:46,1,0\n"),
              HasSubstr("GeneratedTokens is '0'"));
}

TEST(AzureTrace, RefusesLinesWithOtherThanThreeFields) {
  for (const char* line : {"2023-11-16 18:15:46", "2023-11-16 18:15:46,1", "a,1,1,1", ",,,"}) {
    EXPECT_THAT(MessageFor(kAzure + line), HasSubstr("a line has three fields")) << line;
  }
}

TEST(Trace, RefusesTimesThatGoBack) {
  EXPECT_THAT(MessageFor(kAzure + "2023-11-16 18:15:46,1,1\n"
                                  "2023-11-16 18:15:46,1,1\n"
                                  "2023-11-16 18:15:45.5,1,1\n"),
              HasSubstr("t.csv:4: the request arrives 0.500000 s before the one above it; sort"));
}

TEST(MooncakeTrace, ReadsLengthsAndKeepsTiesInOrder) {
  const auto requests = AllOf(OpenTraceText(
      R"({"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]})"
      "\n"
      R"({"timestamp": 0, "input_length": 7322, "output_length": 1, "hash_ids": []})"
      "\r\n"
      R"({"timestamp": 27482.25, "input_length": 891, "output_length": 3000})"
      "\n",
      "t.jsonl", {}));
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].prompt_tokens, 6'758);
  EXPECT_EQ(requests[1].prompt_tokens, 7'322);
  EXPECT_EQ(requests[1].arrival_ns, 0);
  EXPECT_EQ(requests[1].output_tokens, 1);
  EXPECT_EQ(requests[2].arrival_ns, 27'482'250'000);
  EXPECT_EQ(requests[2].max_output_tokens, 4'096);
}

TEST(MooncakeTrace, RefusesWhatIsMissingOrAbsurd) {
  const std::string good = R"({"timestamp": 5, "input_length": 1, "output_length": 1})"
                           "\n";
  const auto second_line = [&](const std::string& line) { return MessageFor(good + line + "\n"); };
  EXPECT_THAT(second_line(R"({"timestamp": 5, "output_length": 1})"),
              HasSubstr("t.csv:2: input_length is 'missing'"));
  EXPECT_THAT(second_line(R"({"timestamp": 5, "input_length": 0, "output_length": 1})"),
              HasSubstr("input_length is '0'"));
  EXPECT_THAT(second_line(R"({"timestamp": 5, "input_length": 1, "output_length": 1e3})"),
              HasSubstr("output_length is '1000.0'"));
  EXPECT_THAT(
      second_line(R"({"timestamp": 5, "input_length": 18446744073709551615, "output_length": 1})"),
      HasSubstr("input_length is '18446744073709551615'"));
  EXPECT_THAT(second_line(R"({"timestamp": -1, "input_length": 1, "output_length": 1})"),
              HasSubstr("timestamp is '-1'"));
  EXPECT_THAT(second_line(R"({"timestamp": 1e300, "input_length": 1, "output_length": 1})"),
              HasSubstr("timestamp is '1e+300'"));
  EXPECT_THAT(second_line(R"({"timestamp": 5, "input_le)"), HasSubstr("one JSON object"));
  EXPECT_THAT(second_line("[1, 2]"), HasSubstr("one JSON object"));
}

TEST(MooncakeTrace, DeepNestingIsRefusedLikeAnythingElse) {
  const std::string nested = std::string(500'000, '[') + std::string(500'000, ']');
  const std::string before = R"({"timestamp": 1, "output_length": 1, "input_length": )";
  EXPECT_THAT(MessageFor(before + nested + "}\n"), HasSubstr("input_length is 'array'"));
}

TEST(Trace, RefusesFilesThatAreNoTrace) {
  EXPECT_THAT(MessageFor(""), HasSubstr("t.csv: the file is empty"));
  EXPECT_THAT(MessageFor("\n\n"), HasSubstr("t.csv: the file is empty"));
  EXPECT_THAT(MessageFor(kAzure), HasSubstr("t.csv: the trace has no requests"));
  const std::string message = MessageFor("Timestamp,Model,Request tokens\n5,ChatGPT,472\n");
  EXPECT_THAT(message, HasSubstr("t.csv:1: the first line is 'Timestamp,Model,Request tokens'"));
  EXPECT_THAT(message, HasSubstr("convert the file"));
}

TEST(Trace, ReadsLinesLongerThanItsFirstBuffer) {
  std::string text;
  for (const std::size_t blocks : {1'300U, 1'400U, 40'000U, 1U}) {
    std::string hashes = "0";
    for (std::size_t i = 0; i < blocks; ++i) hashes += ",7";
    text += R"({"timestamp": 1, "input_length": )" + std::to_string(blocks) +
            R"(, "output_length": 1, "hash_ids": [)" + hashes + "]}\n";
  }
  text.pop_back();
  EXPECT_EQ(PromptsOf(AllOf(OpenTraceText(text, "t", {}))),
            (std::vector<std::int64_t>{1'300, 1'400, 40'000, 1}));
}

// A line may end exactly where the buffer does.
TEST(Trace, ReadsLinesOfEveryLengthAroundItsFirstBuffer) {
  for (std::size_t bytes = 4'090; bytes <= 4'100; ++bytes) {
    std::string line = R"({"timestamp": 1, "input_length": 5, "output_length": 1})";
    line.resize(bytes, ' ');
    EXPECT_EQ(AllOf(OpenTraceText(line + "\n" + line, "t", {})).size(), 2U) << bytes;
  }
}

TEST(Trace, RefusesEndlessLinesWithoutReadingThem) {
  EXPECT_THAT(MessageFor(kAzure + std::string(3'000'000, '7')),
              HasSubstr("t.csv:2: the line is longer than 1048576 bytes"));
}

TEST(Trace, MessagesCarryNoControlCharacters) {
  const std::string message = MessageFor(std::string("\x1b[31m\0\xff", 7) + std::string(200, 'x'));
  for (const char c : message) EXPECT_GE(c, ' ');
  EXPECT_LT(message.size(), 400U);
}

std::string EveryTwoSeconds(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "{\"timestamp\": " + std::to_string(2'000 * i) +
            ", \"input_length\": " + std::to_string(100 + i) + ", \"output_length\": 5}\n";
  }
  return text;
}

TEST(TraceOptions, RateSpreadsTheRequestsPlayedOverCountOverRate) {
  const auto requests = AllOf(OpenTraceText(EveryTwoSeconds(11), "t", {.rate = 4}));
  ASSERT_EQ(requests.size(), 11U);
  EXPECT_EQ(requests.front().arrival_ns, 0);
  EXPECT_EQ(requests[5].arrival_ns, 1'375'000'000);
  EXPECT_EQ(requests.back().arrival_ns, 2'750'000'000);
}

TEST(TraceOptions, ScalePlaysFasterThanRecorded) {
  const auto requests = AllOf(OpenTraceText(EveryTwoSeconds(3), "t", {.rate_scale = 4}));
  EXPECT_EQ(requests.back().arrival_ns, 1'000'000'000);
}

TEST(TraceOptions, OffsetAndNumberChooseAPartThatBeginsAtZero) {
  const auto requests =
      AllOf(OpenTraceText(EveryTwoSeconds(10), "t", {.num_requests = 3, .offset = 4}));
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].id, 0U);
  EXPECT_EQ(requests[0].arrival_ns, 0);
  EXPECT_EQ(requests[0].prompt_tokens, 104);
  EXPECT_EQ(requests[2].arrival_ns, 4'000'000'000);
}

TEST(TraceOptions, MoreRequestsThanThereAreMeansAll) {
  EXPECT_EQ(AllOf(OpenTraceText(EveryTwoSeconds(10), "t", {.num_requests = 99})).size(), 10U);
}

TEST(TraceOptions, AnOffsetBeyondTheEndIsRefused) {
  EXPECT_THAT(MessageFor(EveryTwoSeconds(10), {.offset = 10}),
              HasSubstr("has 10 requests, and an offset of 10 leaves none"));
}

TEST(TraceOptions, ARateOfSimultaneousRequestsIsRefused) {
  EXPECT_THAT(MessageFor(EveryTwoSeconds(1), {.rate = 4}),
              HasSubstr("all 1 requests arrive at the same moment"));
}

TEST(TraceOptions, ARateThatOutlastsTheClockIsRefused) {
  const std::string far = R"({"timestamp": 0, "input_length": 1, "output_length": 1})"
                          "\n"
                          R"({"timestamp": 3999999999999, "input_length": 1, "output_length": 1})"
                          "\n";
  EXPECT_THAT(MessageFor(far, {.rate_scale = 1e-6}), HasSubstr("choose a higher rate"));
}

TEST(Trace, AFileThatIsNotThereOrNoFileIsRefused) {
  EXPECT_EQ(OpenTrace("/nonexistent/trace.csv", {}).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(OpenTrace("/dev/null", {}).status().message(), HasSubstr("is not a file"));
  EXPECT_THAT(OpenTrace(testing::TempDir(), {}).status().message(), HasSubstr("is not a file"));
}

}  // namespace
}  // namespace braid
