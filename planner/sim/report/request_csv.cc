#include "planner/sim/report/request_csv.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace braid {
namespace {

constexpr std::string_view kHeader =
    "id,arrival_ns,prompt_tokens,output_tokens,max_output_tokens,outcome,first_scheduled_ns,"
    "first_token_ns,finish_ns,ttft_ns,tpot_ns,longest_gap_ns,prefill_degree,decode_degree,"
    "num_chunks,num_evictions,ttft_limit_ns,slo_met\n";

std::string_view OutcomeOf(const RequestRecord& record) {
  if (record.finish_ns >= 0) return "finished";
  return record.rejected ? "rejected" : "unfinished";
}

void AppendTime(fmt::memory_buffer& line, std::int64_t ns) {
  if (ns >= 0) fmt::format_to(std::back_inserter(line), "{}", ns);
  line.push_back(',');
}

}  // namespace

RequestCsv::RequestCsv(OutputFile file, Slo slo) : file_(std::move(file)), slo_(std::move(slo)) {}

Result<RequestCsv> RequestCsv::Make(const std::string& path, Slo slo) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Make(path));
  file.Write(kHeader);
  return RequestCsv(std::move(file), std::move(slo));
}

void RequestCsv::OnFinished(const RequestRecord& record) {
  const Request& request = record.request;
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), "{},{},{},{},{},{},", request.id, request.arrival_ns,
                 request.prompt_tokens, request.output_tokens, request.max_output_tokens,
                 OutcomeOf(record));
  AppendTime(line, record.first_scheduled_ns);
  AppendTime(line, record.first_token_ns);
  AppendTime(line, record.finish_ns);
  AppendTime(line, TtftNs(record));
  AppendTime(line, TpotNs(record));
  fmt::format_to(std::back_inserter(line), "{},{},{},{},{},{},{}\n", record.longest_gap_ns,
                 record.prefill_degree, record.decode_degree, record.num_chunks,
                 record.num_evictions, slo_.TtftLimitNs(request.prompt_tokens),
                 slo_.IsMet(record) ? 1 : 0);
  file_.Write(std::string_view(line.data(), line.size()));
}

}  // namespace braid
