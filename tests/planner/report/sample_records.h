#pragma once

#include "planner/sim/request_record.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace braid {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000 * kMs;

/// A request of 100 tokens in and 11 out that arrived at 1 s, waited 100 ms for its first token and
/// 20 ms for each of the others.
inline RequestRecord FinishedRecord() {
  RequestRecord record;
  record.request = {.id = 7,
                    .arrival_ns = kSecond,
                    .prompt_tokens = 100,
                    .max_output_tokens = 2'048,
                    .output_tokens = 11};
  record.first_scheduled_ns = kSecond + 40 * kMs;
  record.first_token_ns = kSecond + 100 * kMs;
  record.finish_ns = kSecond + 300 * kMs;
  record.longest_gap_ns = 35 * kMs;
  record.prefill_degree = 4;
  record.decode_degree = 1;
  record.num_chunks = 2;
  return record;
}

/// One that never began.
inline RequestRecord UnfinishedRecord(bool rejected) {
  RequestRecord record;
  record.request = FinishedRecord().request;
  record.rejected = rejected;
  return record;
}

/// A path of this test's own.
inline std::string TempPath(const std::string& name) {
  return testing::TempDir() + "braid_report_" + std::to_string(::getpid()) + "_" + name;
}

inline std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace braid
