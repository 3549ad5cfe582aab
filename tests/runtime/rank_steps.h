#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"
#include "models/spec_from_gguf.h"
#include "parallel/bind.h"
#include "parallel/lower.h"
#include "parallel/traffic.h"
#include "plan/step.h"
#include "runtime/backoff.h"
#include "runtime/job.h"
#include "runtime/rank_state.h"
#include "tests/comm/rank_threads.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// What came of steps that all ranks of an instance ran without a log.
struct StepsOutcome {
  std::map<std::uint64_t, std::vector<float>> logits;  ///< by step number, of rank 0
  std::vector<SentTraffic> sent;                       ///< by rank, as the transport counted
  std::vector<SentTraffic> predicted;                  ///< by rank, as parallel/traffic predicts
};

/// Steps that are started together, each in a strand slot of its own.
using Round = std::vector<Step>;

/// Runs one round on one rank until all of it has ended here.
inline Status RunRound(RankState& state, const Round& round, StepsOutcome* outcome) {
  for (const Step& step : round) RETURN_IF_ERROR(state.Start(step));
  Backoff backoff;
  for (std::size_t ended = 0; ended < round.size();) {
    ASSIGN_OR_RETURN(const bool progressed, state.executor().Advance());
    while (const auto finished = state.executor().TakeFinished()) {
      ++ended;
      if (outcome == nullptr) continue;
      std::vector<float>& logits = outcome->logits[finished->number];
      for (std::int32_t row = 0; row < finished->logits.rows; ++row) {
        const float* values = finished->logits.row(row);
        logits.insert(logits.end(), values, values + finished->logits.cols);
      }
    }
    if (progressed) {
      backoff.Progressed();
    } else {
      backoff.Idle();
    }
  }
  return {};
}

/// What rank `rank` should send for these rounds.
inline Result<SentTraffic> PredictRounds(const JobOptions& options, int rank,
                                         std::span<const Round> rounds) {
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(options.model_path));
  ASSIGN_OR_RETURN(const ModelSpec spec, SpecFromGguf(file));
  SentTraffic sum;
  for (const Round& round : rounds) {
    for (const Step& step : round) {
      ASSIGN_OR_RETURN(const Template tmpl,
                       Lower(spec, options.mesh, rank, step.num_sampled_rows() > 0));
      const SentTraffic sent = PredictSent(tmpl, Bind(step, 0));
      sum.bytes += sent.bytes;
      sum.messages += sent.messages;
    }
  }
  return sum;
}

inline SentTraffic CountSent(const Transport& transport) {
  SentTraffic sent;
  for (const std::uint64_t bytes : transport.traffic().bytes_sent) sent.bytes += bytes;
  for (const std::uint64_t messages : transport.traffic().messages_sent) sent.messages += messages;
  return sent;
}

/// Runs the rounds one after the other with ranks as threads: no log and no control messages, so
/// that all traffic is the steps' own. Failures are the calling test's.
inline StepsOutcome RunSteps(const JobOptions& options, std::span<const Round> rounds) {
  StepsOutcome outcome;
  const auto size = static_cast<std::size_t>(options.mesh.size());
  outcome.sent.resize(size);
  outcome.predicted.resize(size);
  RunRankThreads(options.mesh.size(), [&](std::unique_ptr<Transport> transport) {
    const int rank = transport->rank();
    Result<std::unique_ptr<RankState>> state = RankState::Load(options, *transport);
    ASSERT_TRUE(state.ok()) << state.error().ToString();
    for (const Round& round : rounds) {
      const Status status = RunRound(**state, round, rank == 0 ? &outcome : nullptr);
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    outcome.sent[static_cast<std::size_t>(rank)] = CountSent(*transport);
    const Result<SentTraffic> predicted = PredictRounds(options, rank, rounds);
    ASSERT_TRUE(predicted.ok()) << predicted.error().ToString();
    outcome.predicted[static_cast<std::size_t>(rank)] = *predicted;
    EXPECT_OK(transport->Close(Soon()));
  });
  return outcome;
}

}  // namespace braid
