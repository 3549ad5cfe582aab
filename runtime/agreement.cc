#include "runtime/agreement.h"

#include "comm/collectives/broadcast.h"
#include "comm/collectives/gather.h"
#include "comm/collectives/wait.h"
#include "comm/envelope.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <vector>

namespace braid {
namespace {

constexpr std::uint32_t kGatherOperation = 0;
constexpr std::uint32_t kVerdictOperation = 1;

/// Text of bounded length as it travels; longer text is cut.
template <std::size_t kSize>
struct FixedText {
  std::array<char, kSize> bytes = {};

  void Set(const std::string& text) {
    const std::size_t size = std::min(text.size(), kSize - 1);
    std::copy_n(text.data(), size, bytes.data());
  }
  std::string Get() const { return {bytes.data(), ::strnlen(bytes.data(), kSize)}; }
};

struct StatusRecord {
  std::uint64_t code = 0;
  FixedText<1024> message;

  static StatusRecord Of(const Status& status) {
    StatusRecord record;
    record.code = static_cast<std::uint64_t>(status.code());
    record.message.Set(status.message());
    return record;
  }
  Status ToStatus() const {
    if (code > static_cast<std::uint64_t>(StatusCode::kInternal)) {
      return Internal("another rank sent a status of unknown kind");
    }
    return Status(static_cast<StatusCode>(code), message.Get());
  }
};

struct CredentialsRecord {
  StatusRecord prepared;
  std::uint64_t model_hash = 0;
  FixedText<64> version;
  FixedText<256> configuration;
};

/// OK where all ranks say the same; otherwise names the first rank that differs from most.
Status CompareOne(Transport& transport, const std::string& what,
                  const std::vector<std::string>& said) {
  std::map<std::string, int> counts;
  for (const std::string& text : said) ++counts[text];
  if (counts.size() == 1) return {};
  // Where no side is larger, rank 0's is the one to compare with.
  std::string usual = said[0];
  for (const auto& [text, count] : counts) {
    if (count > counts[usual]) usual = text;
  }
  std::string message = "the ranks of this job do not have the same " + what + ": ";
  for (std::size_t rank = 0; rank < said.size(); ++rank) {
    if (said[rank] == usual) continue;
    return FailedPrecondition(message + RankOnHost(transport, static_cast<int>(rank)) + " has " +
                              said[rank] + " where most have " + usual +
                              "; start all ranks with the same program, file and options");
  }
  return {};
}

Status Verdict(Transport& transport, const std::vector<CredentialsRecord>& records) {
  for (std::size_t rank = 0; rank < records.size(); ++rank) {
    const Status status = records[rank].prepared.ToStatus();
    if (status.ok()) continue;
    // What all ranks find alike needs no rank's name.
    const bool alike = std::all_of(records.begin(), records.end(), [&](const auto& record) {
      return record.prepared.ToStatus().message() == status.message();
    });
    return alike ? status : status.WithContext(RankOnHost(transport, static_cast<int>(rank)));
  }
  const auto column = [&](const std::function<std::string(const CredentialsRecord&)>& get) {
    std::vector<std::string> said;
    std::transform(records.begin(), records.end(), std::back_inserter(said), get);
    return said;
  };
  RETURN_IF_ERROR(CompareOne(transport, "version of braid",
                             column([](const auto& r) { return r.version.Get(); })));
  RETURN_IF_ERROR(CompareOne(transport, "configuration",
                             column([](const auto& r) { return r.configuration.Get(); })));
  return CompareOne(transport, "model file", column([](const auto& r) {
                      return "a file with hash " + std::to_string(r.model_hash);
                    }));
}

}  // namespace

Status Agree(Transport& transport, const Credentials& mine, std::chrono::milliseconds wait_limit) {
  std::vector<int> everyone(static_cast<std::size_t>(transport.size()));
  std::iota(everyone.begin(), everyone.end(), 0);
  CollectiveCall call;
  call.transport = &transport;
  call.group = everyone;
  call.tag = {.channel = 0, .operation = kGatherOperation, .step = 0};
  call.deadline = std::chrono::steady_clock::now() + wait_limit;
  call.phase = "start-up";

  CredentialsRecord record;
  record.prepared = StatusRecord::Of(mine.prepared);
  record.model_hash = mine.model_hash;
  record.version.Set(mine.version);
  record.configuration.Set(mine.configuration);
  std::vector<CredentialsRecord> records(
      transport.rank() == 0 ? static_cast<std::size_t>(transport.size()) : 0);
  const std::vector<std::size_t> sizes(static_cast<std::size_t>(transport.size()),
                                       sizeof(CredentialsRecord));
  Gather gather;
  RETURN_IF_ERROR(gather.Start(call, {.root_index = 0,
                                      .block_bytes = sizes,
                                      .mine = std::as_bytes(std::span(&record, 1)),
                                      .all = std::as_writable_bytes(std::span(records))}));
  RETURN_IF_ERROR(WaitAll({&gather}));

  StatusRecord verdict;
  if (transport.rank() == 0) verdict = StatusRecord::Of(Verdict(transport, records));
  call.tag.operation = kVerdictOperation;
  // Rank 0 may come last and then wait its full time for a rank that never does; it must get to
  // name that rank before the others give rank 0 up.
  call.deadline += wait_limit;
  Broadcast broadcast;
  RETURN_IF_ERROR(broadcast.Start(call, 0, std::as_writable_bytes(std::span(&verdict, 1))));
  RETURN_IF_ERROR(WaitAll({&broadcast}));
  return verdict.ToStatus();
}

}  // namespace braid
